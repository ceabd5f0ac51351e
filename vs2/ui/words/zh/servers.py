"""服务器上的评判模型（vs2/remote）报告的话：左边是英文句式（vs2/ui/said.py），右边是中文。"""

_HERE = "the scores are not those of the judge on this machine."
_HERE_SAID = "因此分数与本机评判模型给出的不同。"
_ELSE = "so that its scores would not be the judge's"
_ELSE_SAID = "因此它的分数不会是该评判模型的分数"
_SERVED = "serve it by vLLM, which can be told of every frame (docs/server.md)."

FORMS = {
    # 连接（vs2/remote/faults.py, client.py）
    "The judge's server does not answer: check that it runs, and that --model or VS2_MODEL has its address.":
        "评判模型的服务器没有响应：请检查它是否在运行，以及 --model 或 VS2_MODEL 中的地址是否正确。",
    "The judge's server said nothing for {seconds:d} s: it is overloaded or stuck; try again later, or set "
    "VS2_SERVER_PATIENCE to more seconds.":
        "评判模型的服务器 {seconds} 秒没有任何回应：它过载或卡住了；请稍后再试，或把 VS2_SERVER_PATIENCE 设为更多秒。",
    "The judge's server broke off its replies again and again: look at its log.":
        "评判模型的服务器一再中断回复：请查看它的日志。",
    "The judge's server has too much to do (it said so each time it was asked): try again later.":
        "评判模型的服务器太忙（每次请求它都这样回答）：请稍后再试。",
    "The judge's server answered with something else than the OpenAI protocol: check the address, which mostly ends "
    "in /v1.": "评判模型的服务器没有按 OpenAI 协议回答：请检查地址，它通常以 /v1 结尾。",
    "The judge's server wants a key, or another one: put it into {name}.":
        "评判模型的服务器需要密钥，或另一个密钥：请放入 {name}。",
    "The judge's server does not know what it was asked for ({what}): check the address, which mostly ends in /v1, and "
    "the name after the #.":
        "评判模型的服务器不认识所请求的内容（{what}）：请检查通常以 /v1 结尾的地址，以及 # 后面的名称。",
    "The judge's server points to another address: name that one.": "评判模型的服务器指向另一个地址：请改用那个地址。",
    "The judge's server takes no request of this size: raise the limit of what stands before it, or judge a shorter "
    "clip.": "评判模型的服务器不接受这么大的请求：请提高它前面的代理的上限，或评测更短的视频。",
    "The clip and the prompt are too long for the judge's server ({what}): judge a shorter clip, or start it with a "
    "longer context (vLLM: --max-model-len).":
        "视频和提示词对评判模型的服务器来说过长（{what}）：请评测更短的视频，或用更长的上下文启动它（vLLM：--max-model-len）。",
    "The judge's server failed ({what}): look at its log.": "评判模型的服务器出错（{what}）：请查看它的日志。",
    "The judge's server failed while it wrote ({what}): look at its log.":
        "评判模型的服务器在书写时出错（{what}）：请查看它的日志。",
    "The judge's server does not take this request ({what}).": "评判模型的服务器不接受这个请求（{what}）。",
    "The connection to the judge's server broke off: judged again.": "与评判模型服务器的连接中断：已重新评测。",
    # 服务器能做什么（vs2/remote/probe.py, writing.py, draft.py, words.py）
    "The judge's server takes no clip in any known form ({what}): serve the judge as docs/server.md says.":
        "评判模型的服务器不接受任何已知形式的视频（{what}）：请按 docs/server.md 的说明部署。",
    "The judge's server saw {seen:d} of {sent:d} frames, " f"{_ELSE}: {{advice:reason}}.":
        f"评判模型的服务器只看到 {{sent}} 帧中的 {{seen}} 帧，{_ELSE_SAID}：{{advice}}。",
    "The judge's server shrank or stretched the frames that it was sent (they count as {seen:f} where {sent:d} were "
    f"sent), {_ELSE}: {{advice:reason}}.":
        f"评判模型的服务器缩放了收到的帧（送出 {{sent}} 帧，只算作 {{seen}} 帧），{_ELSE_SAID}：{{advice}}。",
    "The judge's server read {count:d} tokens where the {frames:d} frames alone are {least:d}: it dropped or shrank "
    f"some, {_ELSE}.":
        f"评判模型的服务器读取了 {{count}} 个词元，而仅 {{frames}} 帧就有 {{least}} 个：它丢弃或缩小了一些帧，"
        f"{_ELSE_SAID}。",
    "The server takes no video of known frames, so the frames were sent as pictures, in other places and without "
    f"times: {_HERE}": f"服务器不接受已知帧的视频，因此各帧作为图片送出，位置不同且没有时间：{_HERE_SAID}",
    "The server does not say how many tokens it read, so whether it saw every frame is not known.":
        "服务器没有说明读取了多少词元，因此不知道它是否看到了每一帧。",
    "The server gives no log-probabilities, so there are no distributions and no overall score: only the digits that "
    "were written.": "服务器不提供对数概率，因此没有分布，也没有总分：只有写出的数字。",
    f"The server gives the frames other times than they have: {_HERE}": f"服务器给各帧的时间与实际不同：{_HERE_SAID}",
    "The times of the frames are what the server was started with (VS2_SERVER_PRESET): they cannot be checked from "
    "here.": "各帧的时间以服务器启动时的设置为准（VS2_SERVER_PRESET）：这里无法核对。",
    "The server gives log-probabilities as they are after the temperature (vLLM: --logprobs-mode), so that the "
    "distributions are narrower or wider than the judge's.":
        "服务器给出的是经过温度处理的对数概率（vLLM：--logprobs-mode），因此分布比评判模型本身的更窄或更宽。",
    "The server does not tell the probability of every digit: up to {share} of a distribution is missing.":
        "服务器没有给出每个数字的概率：一个分布最多缺少 {share}。",
    "The server wrote no score where one was asked for.": "在要求给分的地方，服务器没有写出分数。",
    "The prompt spells out a mark of the judge's own language: it was sent with a blank in it, so that it stays text, "
    "and may be read a little otherwise than by the judge on this machine.":
        "提示词中写有评判模型自用的标记：送出时在其中加了一个空格，使它仍是文字，因此读法可能与本机评判模型略有不同。",
    "The server read what was thought anew before it gave the scores, and may have cut it into other tokens than it "
    "wrote: they may differ a little from those of the judge on this machine.":
        "服务器在给分前重新读取了思考内容，切分的词元可能与书写时不同：分数可能与本机评判模型略有差异。",
    "The server cannot continue a reply that it has begun, so the scores were asked for by a second question.":
        "服务器不能接着已开始的回复继续写，因此用第二个问题询问了分数。",
    "The server cannot continue a reply that it has not begun, so it was asked in words to leave out the explanation: "
    f"{_HERE}": f"服务器不能接着未开始的回复继续写，因此用文字要求它省去解释：{_HERE_SAID}",
    # 上面各句中的建议
    "Take a newer vLLM.": "请使用更新版本的 vLLM。",
    "Start vLLM with num_frames -1 in --media-io-kwargs and the judge's size in --mm-processor-kwargs "
    "(docs/server.md).":
        "请在启动 vLLM 时，在 --media-io-kwargs 中设 num_frames 为 -1，并在 --mm-processor-kwargs 中设评判模型的尺寸"
        "（docs/server.md）。",
    f"S{_SERVED[1:]}": "请用 vLLM 部署，它可以被告知每一帧（docs/server.md）。",
    # 设置（vs2/remote/address.py, known.py）
    "A judge on a server is named by the server's address and the model's name, as in {name}.":
        "服务器上的评判模型用服务器地址和模型名称表示，例如 {name}。",
    "The address of a server may hold no user, password or key: put the key into {name}.":
        "服务器地址中不能有用户名、密码或密钥：请把密钥放入 {name}。",
    "The address of a server lacks the model's name: add it after a #, as in {name}.":
        "服务器地址缺少模型名称：请加在 # 之后，例如 {name}。",
    "{name} has characters that no key has: copy it again.": "{name} 中有密钥不会有的字符：请重新复制。",
    "The tokenizer of {name} is broken: download the checkpoint again.": "{name} 的分词器已损坏：请重新下载检查点。",
    "{name} has a generation_config.json that cannot be read: download it again.":
        "{name} 的 generation_config.json 无法读取：请重新下载。",
    "The judge on the server tells clips that it knows nothing of by its vision tower, and {name} has no whole one: "
    "put the whole checkpoint there.":
        "服务器上的评判模型靠视觉塔辨认它不了解的视频，而 {name} 中没有完整的视觉塔：请放入完整的检查点。",
}
