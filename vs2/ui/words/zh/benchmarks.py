"""基准测试页的文字。"""

INTRO = (
    "这里有两类彼此独立的数字。已发表的数字由 VideoScore2 的作者在经人工评分的视频上测得；"
    "其余由本项目在自行渲染的场景上测得。"
    "两类百分比不能相互比较：这里并不说明哪个评审模型更好。")

# 作者发表的结果
THEIRS = "已发表：VideoScore2 在经人工评分的视频上的结果"
THEIRS_NOTE = "由人评分或比较的生成视频，以及评审模型与这些人一致的比例。由 VideoScore2 的作者测得。"
THEIRS_CAPTION = "VideoScore2 的作者在其基准上发表的数字"
THEIR_AXIS = "在经人工评判的视频上：评审模型与人一致的比例"
THEIR_CHART = "图中画出此表的百分比，提升值除外。"

# 本项目测得的结果
OURS = "本项目测得：渲染场景上的结果"
OURS_NOTE = (
    "由本项目的模拟器绘制的简单图形场景，真实分数是已知的。它们比真实视频容易得多，也不能说明在真实视频上的表现。")
OURS_CAPTION = "本项目在渲染场景上测得的评审模型 {judge} 的数字"
OUR_AXIS = "{judge} 在 {clips} 个渲染场景上：评对的比例"
OUR_CHART = "图中画出此表的百分比，提升值除外。虚线：总是答 3 分能达到的水平。"
OF_JUDGE = "{judge}：{metric}"
FIGURE = "指标"
VALUE = "数值"
SOURCE = "来源"
MEASURED = "本项目测得：{judge}，{data}"
MEASURED_SHORT = "本项目测得：{judge}"
NOTHING = "本项目测得：暂无"
NOTHING_HINT = "评审模型 {judge} 的卡片中没有测量结果。用下面的命令测量，数字会写入卡片。"
OTHER_JUDGE = "本项目没有测量过这里运行的评审模型 {judge}；以上是内置评审模型的数字。"
CARD = "{judge} 的卡片"
EXACT_OF = "{dimension}：完全一致"
GAIN_OF = "{size} 选 1：比随机挑选的提升"
GAIN_ON = "{contests} 条提示词，每条 {size} 个渲染场景"
HELD_OUT = "{clips} 个留出的渲染场景"
ABOUT = "约 {value}"
BLIND_LINE = "总是 3 分：{value}"

# 完整的测量结果
FULL = "本项目测得的完整结果"
FULL_CAPTION = "评审模型 {judge} 在 {clips} 个未参与训练的渲染场景上的结果"
FULL_NOTE = (
    "视频由本项目的模拟器绘制，所有缺陷都是有意加入的，因此真实分数是已知的。每个场景都写成视频文件，并{mode}评测。"
    "这些数字不能说明在其他来源的视频上的表现。")
MODES = {"think": "带理由", "no-think": "不带理由直接"}
DIMENSION = "维度"
METRICS = {"exact": "完全一致", "within_one": "相差不超过 1", "pearson": "Pearson", "spearman": "Spearman"}
ALWAYS_3 = "总是答 3 分"
WEIGHTS = "权重 {weights}（测量时的哈希值）。"

# 在人工评分的测试集上的结果
RATED = "本项目测得：在经人工评分的视频上"
RATED_NOTE = (
    "由人评分或比较的生成视频，{judge} 于 {made} 用 `vs2 bench all` 评审。"
    "每个数字都由这台机器自己测得，没有一个是已发表的。")
RATED_SUITE = "{suite}，由 {judge} 评审"
RATED_SCORES = "各测试集上分数与人的一致程度"
RATED_PAIRS = "各测试集上两个视频中较好者与人一致的比例"
RATED_CLIPS = "视频数"
RATED_WITHHELD = "未评"
RATED_WITHIN = "同一提示词内的成对比较"
RATED_COUNT = "对数"
RATED_PLAIN = "不计平局"
RATED_TIES = "计入平局"
RATED_BETWEEN = "{low} 至 {high}"
RATED_FOOT = (
    "比例以所有经人工评分的视频为分母：未评的算作未命中。相关系数只针对已评的视频。"
    "每个数字下方是按提示词自助抽样的 95% 区间。计入平局时，判为相同的差值上限由另一半提示词确定。")

CHECKS = "另外的问题"
CHECKS_CAPTION = "对 {judge} 给视频排序的检验"
CHECK = "问题"
RESULT = "答案"
FAULTS = "有意损坏真实视频后，视觉质量分会下降吗？"
FAULTS_ON = "{pairs} 对真实视频及其加了强模糊、噪声、块效应或闪烁的副本；不看画面的评审模型会给两者相同的分数"
FAULTS_RESULT = "按期望分有 {fell} 的对下降，按整数分有 {by_value}"
FAULTS_OF = {
    "trained": "在训练用过的损坏类型下，视觉质量分会下降吗？",
    "held-out": "在训练从未用过的损坏类型下，视觉质量分会下降吗？",
    "events": "用训练从未用过的方式让视频中发生不可能的事，物理一致性分会下降吗？"}
FAULTS_OF_ON = "{pairs} 对视频及其损坏最重的副本；其中 {withheld} 对未评，不计入"
FAULTS_OF_RESULT = "{fell} 的对下降；{same} 的对得分相同"
FAULTS_OF_STEPS = "在 {steps} 对强度中，损坏更重者得分更低的占 {lower}，相同的占 {same}"
FAULTS_CONSTANT = "{count} 个视频的所有版本得到相同的整数分"
FAULTS_CONSTANT_ONE = "有一个视频的所有版本得到相同的整数分"
PROMPTS = "真实的提示词得分高于别的场景的提示词吗？"
PROMPTS_ON = "{pairs} 对内容不同的渲染场景；掷硬币能对一半"
PROMPTS_RESULT = "按期望分有 {higher} 的对更高，按整数分有 {by_value}"
PROMPTS_TIES = "{ties} 为平局，计为未答对"
BEST = "{size} 选 1 能提升多少？"
BEST_ON = "{contests} 条提示词，每条 {size} 个渲染场景；随机挑选没有提升"
BEST_RESULT = "真实平均分（1 到 5）：选中的 {picked}，随机挑选 {random}，其中最好的 {best}"
BEST_INTERVAL = "95 % 区间 {low} 到 {high}"
NO_CHECKS = "尚未对该评审模型测量。"

# 已发表的工作
WORK = "已发表的工作"
WORK_CAPTION = "已发表的模型及其数据"
WORK_NOTE = "摘自作者的论文和页面，本项目没有测量其中任何一项。"
FACT = "项目"
SAYS = "发表的内容"

# 数字的含义
MEANING = "数字的含义"
MEANINGS = (
    ("完全一致率", "整数分等于真实分数的视频比例。未能读出的分数算作不一致。"),
    ("相差不超过 1", "整数分与真实分数相差不超过 1 的视频比例。"),
    ("Pearson", "从 -1 到 1：期望分与真实分数在多大程度上成一条直线。0 表示没有关系。"),
    ("Spearman", "同样的问题，但看名次：不论评分尺度如何，评审模型能否把视频排出正确的顺序？"),
    ("总是答 3 分",
     "什么都不看的评审模型能达到的水平，因为场景中五种分数出现得一样多。只有明显高于它，才说明学到了东西。"),
    ("比随机挑选的提升", "选中的视频的真实分数比随机抽一个高出多少。"),
)

MEASURE = "自己测量评审模型"
MEASURE_NOTE = (
    "在本项目的代码目录中，可以这样测量任何检查点文件夹。`--write` 会把数字写入它的卡片；"
    "下次用该评审模型启动应用时，本页就会显示它们。")
COMMAND = "python -m train.measure FOLDER --suite all --write"
