"""程序库说的其他话：左边是英文句式（vs2/ui/said.py），右边是中文。"""

AND, CLAUSE, STOP = "、", "；", "。"
_MINI = "mini knows rendered scenes of simple shapes only, and this clip is none of them: it cannot judge its "
_MINI_SAID = "mini 只了解渲染的简单图形场景，而该视频不是：它无法评判"
_NEITHER = "mini knows rendered scenes of simple shapes and footage, and this clip is neither: it cannot judge its "
_NEITHER_SAID = "mini 了解渲染的简单图形场景和影像，而该视频两者都不是：它无法评判"

# 只作为其他句子的一部分出现的
PARTS = {
    "visual quality": "视觉质量", "text alignment": "文本对齐", "physical consistency": "物理一致性",
    "visual quality ({one:f} against {other:f})": "视觉质量（{one} 比 {other}）",
    "text alignment ({one:f} against {other:f})": "文本对齐（{one} 比 {other}）",
    "physical consistency ({one:f} against {other:f})": "物理一致性（{one} 比 {other}）",
    "its worst score is higher ({one:f} against {other:f})": "它的最低分更高（{one} 比 {other}）",
    "better {better:list}, though worse {worse:list}, equal otherwise": "{better}更好，但{worse}较差，其余相当",
    "better {better:list}, though worse {worse:list}": "{better}更好，但{worse}较差",
    "better {better:list}, equal otherwise": "{better}更好，其余相当",
    "better {better:list}": "{better}更好",
    "overall": "总分", "mean": "平均分", "worst": "最低分", "weighted": "加权分",
    "{names:list} was judged of none and is left out": "{names}均未评，不参与比较",
    "{names:list} were judged of none and are left out": "{names}均未评，不参与比较",
    "candidate {n:d} is taken, the first of them": "取其中第一个，候选 {n}",
    "candidate {n:d} was not judged": "候选 {n} 未能评测",
    "candidate {n:d} has no place, for its {names:list} were not judged and its {others:list} could not be read":
        "候选 {n} 没有名次，因为它的{names}未评，{others}无法读出",
    "candidate {n:d} has no place, for its {names:list} was not judged and its {others:list} could not be read":
        "候选 {n} 没有名次，因为它的{names}未评，{others}无法读出",
    "candidate {n:d} has no place, for its {names:list} were not judged": "候选 {n} 没有名次，因为它的{names}未评",
    "candidate {n:d} has no place, for its {names:list} was not judged": "候选 {n} 没有名次，因为它的{names}未评",
    "candidate {n:d} has no place, for its {names:list} could not be read":
        "候选 {n} 没有名次，因为它的{names}无法读出",
    "how long one takes is not known before the first is done": "完成第一个之前，不知道每个需要多久",
    "about {time:said}, a rough guess, up to {most:said} if a tie has to be broken":
        "约 {time}（粗略估计），若需打破平局最多 {most}",
    "about {time:said}, up to {most:said} if a tie has to be broken": "约 {time}，若需打破平局最多 {most}",
    "about {time:said}, a rough guess": "约 {time}（粗略估计）",
    "about {time:said}": "约 {time}",
    "{time:said} of a GPU": "占用 GPU {time}",
    "the provider charges for {clips:said}": "服务商会收取 {clips} 的费用",
    "made": "生成", "judged": "评分",
    "{dimension:said} not read, where all samples together say {score}": "{dimension}未读出，而综合所有采样为 {score}",
    "{dimension:said} {own:d}, where all samples together say {score}": "{dimension}为 {own}，而综合所有采样为 {score}",
    "Visual quality": "视觉质量", "Text-to-video alignment": "文本对齐",
    "Physical and common-sense consistency": "物理一致性",
}

FORMS = {
    # 看得比模型设定的少
    "The judge saw {frames:d} frames of {width:d} x {height:d}, as asked; "
    "the published reader would have seen {count:d} frames of {wide:d} x {high:d}.":
        "按要求，评审模型看了 {frames} 帧 {width} x {height} 的画面；"
        "公开发布的读取方式会看 {count} 帧 {wide} x {high}。",
    "The judge saw {frames:d} frames of {width:d} x {height:d}, as asked; "
    "by this judge's own limits it would have seen {count:d} frames of {wide:d} x {high:d}.":
        "按要求，评审模型看了 {frames} 帧 {width} x {height} 的画面；"
        "按该模型自身的设定会看 {count} 帧 {wide} x {high}。",
    # 时间与数量
    "{seconds:f} s": "{seconds} 秒",
    "{minutes:d} min {seconds:d} s": "{minutes} 分 {seconds} 秒",
    "{hours:d} h {minutes:d} min": "{hours} 小时 {minutes} 分",
    "1 clip": "1 个视频", "{count:d} clips": "{count} 个视频",
    "1 judgement": "1 次评分", "{count:d} judgements": "{count} 次评分",
    # 谁胜出，为什么（vs2/candidates.py）
    "Candidates {tied:list} tied; by a second judgement of {replies:d} sampled replies each, {why:reason}.":
        "候选 {tied} 曾是平局；再评一次，各采样 {replies} 次回答：{why}。",
    "Candidates {tied:list} tied; by a second judgement of the first {count:d} of {replies:d} sampled replies each, "
    "{why:reason}.": "候选 {tied} 曾是平局；再评前 {count} 个，各采样 {replies} 次回答：{why}。",
    "No candidate wins: there is none.": "没有胜出者：没有候选视频。",
    "No candidate wins: {why:clauses}.": "没有胜出者：{why}。",
    "No winner is named: {judges:list} judged them, and different judges do not share a scale{rest:rest}.":
        "不评出胜出者：它们由 {judges} 分别评分，而不同评审模型的尺度不同{rest}。",
    "Candidate {n:d} wins: it is the only one with scores to compare{rest:rest}.":
        "候选 {n} 胜出：只有它有可以比较的分数{rest}。",
    "Candidate {n:d} wins over candidate {m:d}, the next best: {why:said}{rest:rest}.":
        "候选 {n} 胜过次优的候选 {m}：{why}{rest}。",
    "Candidate {n:d} wins: {why:said}{rest:rest}.": "候选 {n} 胜出：{why}{rest}。",
    "Candidates {tied:list} tie: their {what:said} scores are the same ({score:f}){rest:rest}.":
        "候选 {tied} 平局：它们的{what}相同（{score}）{rest}。",
    "Candidates {tied:list} tie: their {what:said} scores ({scores:list}) differ by less than the judge's own doubt "
    "(one standard error, {doubt:f}){rest:rest}.":
        "候选 {tied} 平局：它们的{what}（{scores}）之差小于评审模型自身的不确定度（一个标准误，{doubt}）{rest}。",
    "Candidates {tied:list} tie: their {what:said} scores ({scores:list}) differ by less than {least:f}{rest:rest}.":
        "候选 {tied} 平局：它们的{what}（{scores}）之差小于 {least}{rest}。",
    # Best of N（vs2/best_of）
    "{clips:said} to make, {judgements:said}: {time:said}{rest:rest}.": "生成 {clips}，{judgements}：{time}{rest}。",
    "Stopped after {done:d} of {count:d} candidates: more of them are expected to gain less than {gain:f} points.":
        "已在 {count} 个候选中的第 {done} 个之后停止：预计继续下去的提升不足 {gain} 分。",
    "Candidate {n:d} could not be judged again: {problem:said}": "候选 {n} 未能再次评分：{problem}",
    "Candidate {n:d} could not be {verb:said}: an unexpected {kind} ended it.":
        "候选 {n} 未能{verb}：意外的 {kind} 使其中止。",
    # 一次评测的附注
    "This prompt is longer than any that this judge was measured with: {tokens:d} tokens, where {most:d} were the most "
    "(a word that it does not know is several). Its scores, the alignment first of all, and its words may be wrong: a "
    "shorter and plainer prompt is safer.{more:more}":
        "这条提示词比该评审模型测试过的都长：{tokens} 个 token，而测试过的最多 {most} 个（它不认识的词会算作多个）。"
        "分数（尤其是文本对齐）和理由都可能有误：用更短、更平实的提示词更稳妥。{more}",
    "If the clip is footage, that matters not: of footage it reads no prompt.":
        "如果视频是影像，则无妨：对影像它不读提示词。",
    "This sample gave another score: {scores:said}.": "本次采样给出的分数不同：{scores}。",
    "This sample gave other scores: {first:said}; {second:said}; {third:said}.":
        "本次采样给出的分数不同：{first}；{second}；{third}。",
    "This sample gave other scores: {first:said}; {second:said}.": "本次采样给出的分数不同：{first}；{second}。",
    "Memory ran out: judged again on frames of {width:d} x {height:d} pixels.":
        "内存不足：已在 {width} x {height} 像素的画面上重新评测。",
    "Reply {n:d} of {count:d}: {note:said}": "第 {n} / {count} 次回答：{note}",
    # 文件中的异常之处（vs2/video/warnings.py）
    "{name} has a single frame, shown to the judge twice: nothing moves in it.":
        "{name} 只有一帧，给评审模型看了两遍：其中没有任何运动。",
    "{name} promises {claimed:d} frames and holds {total:d}: the judge saw what is there.":
        "{name} 声称有 {claimed} 帧，实际只有 {total} 帧：评审模型看到的是实际内容。",
    "{name} promises {claimed:f} s and its picture ends after {total:f} s: the judge saw what is there.":
        "{name} 声称有 {claimed} 秒，画面在 {total} 秒后结束：评审模型看到的是实际内容。",
    "The frame rate of {name} varies: frames are taken by number, as the published system does, so their times are "
    "unevenly spaced.": "{name} 的帧率不固定：与已发表的系统一样按帧号取帧，因此时间间隔不均匀。",
    # 卡片（vs2.json）
    _MINI + "visual quality.": _MINI_SAID + "视觉质量。", _MINI + "alignment.": _MINI_SAID + "文本对齐。",
    _MINI + "physics.": _MINI_SAID + "物理一致性。",
    _NEITHER + "visual quality.": _NEITHER_SAID + "视觉质量。", _NEITHER + "alignment.": _NEITHER_SAID + "文本对齐。",
    _NEITHER + "physics.": _NEITHER_SAID + "物理一致性。",
    "A very small judge, trained on rendered scenes of simple shapes that bounce, slide, fly, swing or rest. Of "
    "footage it makes a first guess at picture and motion and reads no prompt; of other clips it says nothing.":
        "一个很小的评审模型，用简单图形弹跳、滑动、飞行、摆动或静止的渲染场景训练。"
        "对影像，它只初步估计画面和运动，不读提示词；对其他视频不作评判。",
    "Of footage mini does not judge the alignment: it reads no prompt about footage.":
        "对影像，mini 不评判文本对齐：它不读关于影像的提示词。",
    "AI-generated videos of all kinds; the published VideoScore2, Qwen2.5-VL 7B.":
        "各类 AI 生成的视频；已发表的 VideoScore2，Qwen2.5-VL 7B。",
    "rendered scenes and spoilt photographs (vs2/scenes), at most one visual and one physical fault each; and on clips "
    "of footage, some of them rated by people (docs/mini.md)":
        "渲染场景和有意损坏的照片（vs2/scenes），每个最多有一处画面缺陷和一处物理缺陷；"
        "以及影像视频，其中一部分有人工评分（docs/mini.md）",
    # 示例（assets/examples）
    "Good: a clean picture, and it moves as it should": "良好：画面干净，运动自然",
    "Visual quality: extreme pixelation": "视觉质量：极重的马赛克",
    "Physics: the picture swims, as if it were melting": "物理一致性：画面扭曲游动，仿佛在融化",
    "Good: as asked, clean, and it falls as things fall": "良好：符合要求，画面干净，下落自然",
    "Visual quality: strong pixelation": "视觉质量：明显的马赛克",
    "Alignment: another colour, another ground, an object missing": "文本对齐：颜色不对，地面不对，少一个物体",
    "Physics: it vanishes on its way": "物理一致性：途中消失",
    # 缺陷（vs2/scenes）
    "blur": "模糊", "noise": "噪声", "blocking": "块效应", "flicker": "闪烁", "pixelation": "马赛克", "jitter": "抖动",
    "vanishes": "消失", "teleports": "瞬移", "sinks": "下沉", "speeds up": "无故加速",
    "morphs": "变形", "hangs": "悬停",
    # 生成器（vs2/generate）
    "Sketch": "Sketch（简笔动画）",
    "A drawing of simple objects that move before simple backgrounds, made on this machine in seconds; it is a sketch, "
    "not a film, and it errs on purpose.":
        "简单物体在简单背景前运动的画，几秒钟就在本机画成；它是简笔画，不是影片，而且会有意出错。",
    "{width:d} x {height:d} pixels, {seconds:d} s; a download of about {download:d} GB; needs about {memory:d} GB of "
    "GPU memory.": "{width} x {height} 像素，{seconds} 秒；需下载约 {download} GB；需要约 {memory} GB 显存。",
    "Any text-to-video model that {label} serves, on its machines; it charges whoever's token it is.":
        "{label} 提供的任何文生视频模型，在其机器上运行；费用记在令牌所有者名下。",
    "It needs a CUDA GPU and this machine has none that torch can use.":
        "它需要 CUDA GPU，而本机没有 torch 可用的 GPU。",
    "Run it on a machine with a CUDA GPU of {memory:d} GB or more.":
        "请在有 {memory} GB 或更大 CUDA GPU 的机器上运行。",
    "It needs about {memory:d} GB of GPU memory and this GPU has {own:f} GB.":
        "它需要约 {memory} GB 显存，而这块 GPU 有 {own} GB。",
    "Take a smaller model, or a larger GPU.": "请使用更小的模型，或更大的 GPU。",
    "{packages:list} is not installed.": "未安装 {packages}。",
    "To use it, run `{command}` in the project's folder.": "要使用它，请在项目文件夹中运行 `{command}`。",
    "To use it, {how}.": "要使用它：{how}。",
    "No token was given.": "没有给出令牌。",
    "Give your own token of {label}, or of the Hugging Face Hub (hf_...); it is used for the one request and not kept.":
        "请给出您自己的 {label} 令牌，或 Hugging Face Hub 令牌（hf_...）；它只用于这一次请求，不会保存。",
    "Reading the prompt": "正在读取提示词", "Drawing": "正在绘制", "Writing the file": "正在写入文件",
    "Checking the clip": "正在检查视频", "Decoding the frames": "正在解码画面",
    "Loading {model}": "正在加载 {model}", "Asking {label}": "正在请求 {label}",
    "frame {n:d} of {count:d}": "第 {n} / {count} 帧", "step {n:d} of {count:d}": "第 {n} / {count} 步",
    "Not understood, and not drawn: {words}.": "没有看懂，因此没有画：{words}。",
    "Drawn as something like it: {words}.": "画成了相近的东西：{words}。",
    "Left open by the prompt, and chosen by the seed: {names:list}.": "提示词没有说明，由随机种子决定：{names}。",
    "The sketch knows none of the prompt's words, so it draws a scene of its own choice: it knows balls, boxes, "
    "triangles and stars.": "Sketch 不认识提示词中的任何词，因此自行选择场景来画：它认识球、方块、三角形和星形。",
    "Asked for in words that cannot be drawn: {names:list}.": "所要求的内容无法画出：{names}。",
    "the number": "数量", "the colour": "颜色", "the object": "物体", "the motion": "运动", "the place": "地点",
    "what stands beside it": "旁边的物体",
    "The size was rounded from {size} to {taken} pixels.": "尺寸已从 {size} 调整为 {taken} 像素。",
    # 已发表的数字（vs2/published.py）
    "the next best judge": "次优的评审模型", "accuracy": "准确率",
    "mean of four benchmarks from elsewhere": "另外四个基准的平均值",
    "Best of N: gain over a random pick, in each dimension": "Best of N：各维度比随机挑选的提升",
    "VideoScore-Bench-v2, the 500 videos of VideoFeedback2 that were held out":
        "VideoScore-Bench-v2，VideoFeedback2 中留出的 500 个视频",
    "VideoGenReward-Bench, T2VQA-DB (as pairs), MJ-Bench-Video, VideoPhy2-test":
        "VideoGenReward-Bench、T2VQA-DB（成对）、MJ-Bench-Video、VideoPhy2-test",
    "5 clips a prompt; the highest mean of the three scores wins": "每条提示词 5 个视频；三项分数平均值最高者胜出",
    "VideoScore2 on the Hub": "Hub 上的 VideoScore2", "VideoFeedback2 on the Hub": "Hub 上的 VideoFeedback2",
    "Model": "模型", "Data": "数据", "Training": "训练", "Licence of weights and data": "权重与数据的许可证",
    "Qwen2.5-VL-7B-Instruct, 8.3 billion parameters, about 16 GB in bfloat16":
        "Qwen2.5-VL-7B-Instruct，83 亿参数，bfloat16 约 16 GB",
    "VideoFeedback2: 27,168 videos, of which about 26,600 rows for training":
        "VideoFeedback2：27,168 个视频，其中约 26,600 行用于训练",
    "supervised fine-tuning, then reinforcement learning (GRPO)": "监督微调，然后强化学习（GRPO）",
}
