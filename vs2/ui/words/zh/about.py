"""关于页的文字。"""

INTRO = (
    "一个视觉语言模型观看生成的视频，阅读生成它的提示词，用文字推理，然后给出三个 1 到 5 的分数。"
    "本软件运行这样的评审模型，并展示它说的一切。")

# 分数的含义
SCORES = "分数的含义"
SCORES_NOTE = "1 分最差，5 分最好。各维度分别评分：画面清晰但内容不对，也可能视觉质量得高分。"
SCORES_CAPTION = "三个维度"
DIMENSION = "维度"
ASKED = "评审模型要看什么"
ASKS = {
    "visual_quality": "画面是否清晰，运动是否流畅，图像有没有瑕疵？",
    "text_alignment": "视频是否表现了提示词的要求？",
    "physical_consistency": "这可能发生吗？物体的停留、下落和接触是否合乎常理？",
}
STEPS_PUBLISHED = (
    "已发表的模型从人给出的分数中学会了五个等级；询问它时只说出三个维度的名称，并没有用文字定义各等级。"
    "因此它的分数适合相互比较，而不是对照定义来理解。")
STEPS_MINI = "内置评审模型 `mini` 的每个等级都有定义，因为它学习的场景中的每个缺陷都是有意加入的："
STEPS_CAPTION = "内置评审模型各分数的含义"
SCORE = "分数"
NO_FAULT = "没有瑕疵"
FAULT = "强度为 {strength} 的缺陷"
AS_ASKED = "全部符合要求"
ONE_DIFFERS = "有一个要素不符"
DIFFER = "有 {count} 个要素不符"
DIFFER_MORE = "有 {count} 个或更多要素不符"
NO_BREACH = "没有不可能的事"
STEPS_NOTE = "强度 {most} 为最强。画面缺陷：{visual}。物理缺陷：{physical}。提示词的要素：{elements}。"
ELEMENT = {"count": "数量", "colour": "颜色", "shape": "形状", "motion": "运动", "background": "背景",
           "beside": "第二个物体"}

# 数字的由来
NUMBERS = "数字是怎么得出的"
NUMBERS_TERMS = (
    ("分数（value）", "评审模型写出的整数。读不出时为 `null`，显示为“未读出”：绝不会是 0，也绝不猜测。"
                  "评审模型看出自己不了解这类视频时不给分：同样是 `null`，显示为“未评”，并附上原因 `reason`。"),
    ("分布（distribution）", "1 到 5 各整数的概率，取自模型在该整数所在 token 处的 logits。"),
    ("期望分（expected）", "五个分值按各自概率加权的平均值。它能区分稳稳的 4 分和差一点就是 3 分的 4 分。"),
    ("置信度（confidence）", "最可能的分数的概率，只在有意义时给出：综合多次理由之后，或不经思考时。"
                        "只写一次理由时，整数几乎是确定的，因为理由刚刚说出了它；这不能衡量把握的大小。"),
    ("总分（overall）", "三项期望分的平均值；三项中有一项未读出或未评时没有总分。"),
)
EXAMPLE = "以视觉质量为例：采样三次理由，再把它们的分布平均。"
EXAMPLE_CAPTION = "三次理由之后各分值的概率，以及它们的平均"
RATIONALE = "理由 {number}"
MIXTURE = "平均"
ALONE = "只看理由 1：分数 {value}，期望分 {expected}，没有置信度。"
MIXED = "三次合计：分数 {value}，期望分 {sum} = {expected}，置信度 {confidence}。"
OVERALL = "若文本对齐的期望分为 {alignment}，物理一致性为 {physical}，则总分为 {overall}。"

# 评审模型了解什么
KNOWS = "评审模型了解什么，不能评什么"
HERE = "这里运行的评审模型：{judge}"
LOADING = "评审模型尚未加载；以下是内置评审模型所了解的内容。"
TRAINED_ON = "训练数据：{trained_on}。"
NO_CARD = "它的检查点没有卡片说明它了解什么、用什么训练。"
SEES = "它每秒看 {fps} 帧，每个视频至少 {least} 帧、最多 {most} 帧。两帧之间的内容它看不到。"
SEES_FIXED = "不论视频多长，它都只看 {most} 帧。两帧之间的内容它看不到。"
MINI = "内置评审模型 `mini` 让这一切无需 GPU、无需下载就能运行。它不能评判："
MINI_LIMITS = (
    "实拍或生成的影像是否符合提示词：对人物、动物、地点它不读提示词，文本对齐不给分",
    "像人那样评判影像：对其画面和运动它只给出初步估计，所学的人工评分很少",
    "既不是影像也不是简单物体渲染场景的内容：幻灯片、图案、游戏画面不给分",
    "物理一致性（不可靠）：这是它三项分数中最弱的一项（具体数字见“基准测试”页）",
    "同时出现的两个同类缺陷：它从未见过",
    "以秒计的时间：它用帧来指称，编号与评测页相同",
)
PUBLISHED = (
    "已发表的模型 `TIGER-Lab/VideoScore2` 用经人工评分的生成视频（VideoFeedback2）训练。它只被问三件事，"
    "所以不涉及声音、真实性，也不涉及视频出自谁手。")

OPINION = "评审模型对视频的看法只是一种看法：不要只凭它来对人做决定。"

# 如何使用已发表的评审模型
WAYS = "如何使用已发表的评审模型"
WAYS_NOTE = (
    "对于人物、动物、地点等一切不是渲染场景的视频，若需要的不只是初步估计，请使用已发表的模型 "
    "`TIGER-Lab/VideoScore2`。它是免费的，"
    "但需要 GPU：您自己的，或由 Hugging Face 借出或出租的。")
WAY_GPU = (
    "自己的 GPU，空闲显存 23 GB；4 位量化时为 7 GB（T4 上为 11 GB）。第一次启动会下载 16 GB；"
    "之后这些页面和命令行都会使用它。"
    "在终端中：")
WAY_GPU_CODE = '''VS2_MODEL=TIGER-Lab/VideoScore2 vs2 app                        # 这些页面
VS2_MODEL=TIGER-Lab/VideoScore2 VS2_PRECISION=4bit vs2 app     # 用于较小的 GPU
vs2 score clip.mp4 --prompt "a cat jumps" --model TIGER-Lab/VideoScore2 --precision 4bit'''
WAY_SPACE = (
    "Hugging Face 上的 Space。本软件本身就是一个 Gradio Space：复制它，或推送到新的 Space，再选择硬件；"
    "提供哪个评审模型只取决于硬件。")
WAY_SPACE_CAPTION = "Space 的硬件与所提供的评审模型"
HARDWARE, SERVES, PAYS = "硬件", "评审模型", "由谁付费"
SPACES = (
    ("ZeroGPU：大型 GPU 的一部分，每次评测借用一次", "已发表的模型", "每位访客，从每日的秒数配额中扣除"),
    ("独享 GPU，24 GB 或更多", "已发表的模型", "所有者，按运行的分钟数付费"),
    ("独享 GPU，16 GB", "已发表的模型，4 位量化", "所有者，按运行的分钟数付费"),
    ("CPU basic", "内置的 `mini`", "无需付费"),
)
WAY_SPACE_NOTE = "详情见 `docs/spaces.md`。目前还没有在 Hugging Face 的 Space 上运行过本软件：只用替代品做过测试。"
WAY_SERVER = (
    "已有该模型的服务器（例如 vLLM），填写它的地址即可：本机不需要 GPU。"
    "如何启动才能让它看到完全相同的画面，见 `docs/server.md`。在终端中：")
WAY_SERVER_CODE = "VS2_MODEL='openai:http://SERVER:8000/v1#TIGER-Lab/VideoScore2' vs2 app     # 这些页面"

# 存储
PRIVACY = "保存了什么，保存在哪里"
PRIVACY_CAPTION = "保存的内容、位置和期限"
WHAT = "内容"
WHERE = "位置"
UNTIL = "期限"
STORED = (
    ("代表您的秘密 id", "在此浏览器中，本站点的存储里", "直到您清除站点数据；此后历史记录不再属于任何人"),
    ("您的评测、其中的提示词和您的复核", "在服务器上，`VS2_HOME` 下的数据库中", "直到您删除它们"),
    ("评测过的视频", "在服务器上，`VS2_HOME` 下的文件中", "直到您删除相应的评测；视频空间用完时，先删除最久未用的"),
    ("上传的文件，以及为浏览器播放而制作的副本", "在服务器上，临时文件夹中", "一天之后"),
)
PRIVATE = (
    "您的历史记录只显示给知道您秘密 id 的浏览器，单个评测显示给持有其链接的人：链接就是许可。"
    "服务器的运营者可以读取服务器上的一切。")
SHARED = "此服务器设为共用一份历史记录（`VS2_SHARED_HISTORY`）：每位访客都能看到所有人的评测。"
YOURS = (
    "要删除或下载您的数据，请打开 [Evaluate] 页上的历史记录。视频和提示词在提供这些页面的机器上评测，"
    "使用情况不会报告给任何其他人。")

# 脚本
SCRIPT = "在脚本中使用"
CLIENT = "通过网络，使用 `gradio_client`；每个参数都列在页面底部的“{api}”中："
CLIENT_CODE = '''from gradio_client import Client, handle_file

client = Client("{address}")
evaluation = client.predict(
    video=handle_file("clip.mp4"),
    prompt="a red ball bounces on grass",
    api_name="/evaluate",
)
print(evaluation["overall"], evaluation["rationale"])'''
TERMINAL = "在终端中："
TERMINAL_CODE = '''vs2 score clip.mp4 --prompt "a red ball bounces on grass"
vs2 score clip.mp4 --prompt "a red ball bounces on grass" --json > evaluation.json
vs2 score clip.mp4 --prompt "a red ball bounces on grass" --samples 5    # 附带置信度'''
PYTHON = "在 Python 中："
PYTHON_CODE = '''import vs2

judge = vs2.load("mini")
evaluation = judge.score("clip.mp4", "a red ball bounces on grass")
print(evaluation.scores["physical_consistency"].expected, evaluation.overall)
print(evaluation.rationale)'''

# 引用
CITE = "如何引用"
CITE_NOTE = "使用已发表的模型、其数据或评分标准时，请引用作者的论文："
CITE_SOFTWARE = (
    "报告每个分数时，请写明评审模型、精度以及是否先思考；评测的 JSON 中包含所需的一切。"
    "`mini` 的分数不是 VideoScore2 的分数。")
BIBTEX = "论文的 BibTeX"
LICENCE = "本软件、已发表的权重及其数据均采用 Apache License 2.0 许可证。"
