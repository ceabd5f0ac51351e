"""OpenVINO beside torch: `python perf/int4_openvino_rows.py`, in an environment with openvino and numpy alone.

One layer of the published width, weights in 4 bits in groups of 32 with a scale and a zero, as `perf/int4.py --only
kernels` measures it with torch: milliseconds of the quickest run, for some numbers of rows.
"""
import argparse
import time

import numpy as np
import openvino as ov
from openvino import opset13 as op

GROUP = 32
KEPT: list[np.ndarray] = []


def layer(rows: int, columns: int) -> ov.Model:
    """x [any, columns] times weights [rows, columns] in 4 bits, which the plug-in unpacks as it multiplies."""
    def drawn(shape: tuple[int, int, int]) -> ov.Node:
        """A constant of 4 bits. OpenVINO reads it where it lies, so it is kept."""
        KEPT.append(np.random.default_rng(0).integers(0, 256, np.prod(shape) // 2, np.uint8))
        return op.constant(ov.Tensor(KEPT[-1], ov.Shape(shape), ov.Type.u4))

    codes, zeros = drawn((rows, columns // GROUP, GROUP)), drawn((rows, columns // GROUP, 1))
    scales = op.constant(np.full((rows, columns // GROUP, 1), 0.01, np.float16))
    centred = op.subtract(op.convert(codes, ov.Type.f16), op.convert(zeros, ov.Type.f16))
    flat = op.reshape(op.multiply(centred, scales), np.array([rows, columns], np.int64), False)
    given = op.parameter([-1, columns], ov.Type.f32)
    return ov.Model([op.matmul(given, op.convert(flat, ov.Type.f32), False, True)], [given])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", type=int, nargs=2, default=(18944, 3584), metavar=("ROWS", "COLUMNS"))
    parser.add_argument("--counts", type=int, nargs="+", default=(1, 16, 64, 512))
    given = parser.parse_args()
    rows, columns = given.shape
    core, model = ov.Core(), layer(rows, columns)
    print(f"OpenVINO {ov.__version__}, {time.strftime('%Y-%m-%d')}\n\n| one layer {columns} x {rows}, ms | "
          f"{' | '.join(map(str, given.counts))} |\n|---|{'---|' * len(given.counts)}")
    for numbers in ("f32", "bf16"):
        for group in (0, GROUP):
            made = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": numbers, "PERFORMANCE_HINT": "LATENCY",
                                                     "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(group)})
            request, cells = made.create_infer_request(), []
            for count in given.counts:
                x = np.random.default_rng(1).standard_normal((count, columns), np.float32)
                request.infer([x])
                taken = []
                for _ in range(7 if count < 512 else 3):
                    started = time.perf_counter()
                    request.infer([x])
                    taken.append(time.perf_counter() - started)
                cells.append(f"{1000 * min(taken):.1f}")
            print(f"| {numbers}{', activations in 8 bits' * bool(group)} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
