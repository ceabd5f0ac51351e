"""所有页面共用的文字，以及评测页的文字。"""

TITLE = "VideoScore2"
TAGLINE = "开源的 AI 生成视频评审模型：看视频，说出思考过程，再打分。"

API = "在脚本中使用"
PAGES = {"evaluate": "评测", "compare": "对比", "best_of": "Best of N", "batch": "批量评测", "duel": "盲测对决",
         "review": "人工复核", "benchmarks": "基准测试", "about": "关于"}

# 视频与要求
DROP = "把视频拖到这里"
CHOOSE = "或选择文件"
ADDRESS = "或填写视频网址（https://…）"
FETCH = "获取"
NO_ADDRESS = "这不是视频网址：网址应以 http:// 或 https:// 开头。"
ANYWHERE = "松开即可添加"
WAITS_SENDING = "正在等待上传（{percent} %），完成后会自动开始。"
WAITS_CHECKING = "正在检查上传的文件，完成后会自动开始。"
WAIT_NOT = "不再等待"
EARLIER = "下方评分对应的是之前的提示词：“{prompt}”"
RUN_LOST = "评测过程中页面被重新加载，或服务器重新启动，这次评测已丢失。您的视频和提示词都已保留。"
START_AGAIN = "重新开始"
NO_EXAMPLE = "这里没有这个示例。"
UNDO = "撤销"
FORMATS = ("支持 MP4、MOV、WebM、MKV、AVI、TS、MPG、FLV、WMV、OGV，动态 GIF、WebP、PNG、AVIF，"
           "以及按编号命名的图片压缩包（zip）。最大 {megabytes} MB，最长 {minutes} 分钟。")
PICTURES_RATE = "每秒图片数"
PICTURES_RATE_WRONG = "每秒图片数必须是 {least:g} 到 {most:g} 之间的数字。"
REPLACE = "更换"
REMOVE = "移除"
UPLOADING = "正在上传… {percent} %"
FETCHING = "正在获取…"
PREPARING = "正在转换为此浏览器可以播放的副本…"
TOO_LARGE = "文件超过 {megabytes} MB：请选择更短或更小的视频。"
NOT_UPLOADED = "上传没有完成：请检查网络连接，然后重新选择文件。"
UNPLAYABLE = "此浏览器无法播放该视频，但评审模型仍可读取。"
PROMPT = "提示词"
PROMPT_HINT = "生成该视频所用的文字，例如：a red ball bounces on grass"
PROMPT_OF = "{name}：{sentence}"
EVALUATE = "开始评测"
STOP = "停止"
SETTINGS = "设置"
THINK = "先思考再评分"
THINK_HINT = "关闭后更快：直接给出分数，不写理由。"
BUDGET = "思考预算（token 数）"
BUDGET_HINT = "评审模型在必须打分之前最多可写的长度。"
SAMPLES = "理由采样次数"
SAMPLES_HINT = "多于一次时会综合各次分数，并可给出置信度，但更慢。"
SEED = "随机种子"
SEED_HINT = "仅在采样多次时起作用；只采样一次时结果总是相同。"
MOST_FRAMES = "最多帧数"
MOST_FRAMES_HINT = "0：按模型设定的帧数。帧数越少越快，但结果与原模型的一致性越低。"
MOST_PIXELS = "每帧最多像素数"
MOST_PIXELS_HINT = "200704 即 448 × 448。0：按模型设定的大小。"
EXAMPLES = "示例"

# 候选视频的排名方式
RULES = {"mean": "三项分数的平均值", "weights": "加权平均", "worst": "先比最低分，再比平均值"}
WEIGHT = "{dimension}的权重"

# 出错时的说明，每条一句
NO_VIDEO = "请先添加视频：把文件拖到上方，或选择一个文件。"
NO_PROMPT = "请填写生成该视频所用的提示词。"
UNKNOWN_FILE = "该视频已不在服务器上：请重新上传。"
UNEXPECTED = "服务器端出现故障（{kind}）；您的视频和提示词均已保留，请重试。"
NO_JUDGE = "没有这个模型：请选择设置中列出的模型。"
FULL_OWN = "您有 {count} 个评测正在运行或等待：请停止其中一个，或等它结束。"
FULL_ADDRESS = "您所在的网络已有 {count} 个评测正在运行或等待：请等其中一些结束后再试。"
DESK_FULL = "目前正在读取的视频很多：请一分钟后再试。"
NOT_KNOWN = "该评测已不再保存：它已被删除，或者链接不完整。"
FULL = "已有 {count} 个评测在等待：请几分钟后再试。"
TOO_LONG = "这可能需要占用 GPU {seconds} 秒，而每次最多借用 {most} 秒：请{advice}。"
LOWER_BUDGET = "把思考预算降到 {budget} 个 token"
LOWER_EITHER = "把思考预算降到 {budget} 个 token，或减少理由采样次数"

# ZeroGPU 借出的 GPU
GPU_ONE = "一次评测最多会占用您今天在 Hugging Face 上的 GPU 时间 <b>{time}</b>，通常更少。"
GPU_EACH = "每个视频最多会占用您今天在 Hugging Face 上的 GPU 时间 <b>{time}</b>，通常更少。"
BORROWING = "正在等待 GPU，最多借用 {time}"

# 进度
IDLE = "就绪"
LOADING = "正在加载模型"
WAITING_ONE = "等待中：前面还有 1 个评测"
WAITING = "等待中：前面还有 {ahead} 个评测"
READING = "正在读取视频"
LOOKING = "正在观看画面"
LOOKING_LONG = "正在查看画面；全部大约需要 {time}"
PREFILLING = "正在读取画面和提示词"
PERCENT = "{percent} %"
ABOUT_SECONDS = "{count} 秒"
ABOUT_MINUTES = "{count} 分钟"
LEFT = "大约还需 {time}"
STAYS = "可以关闭此页面：评测会继续进行，通过它的链接可查看进度，之后可查看结果。"
THINKING = "正在思考"
SCORING = "正在评分"
DONE = "已完成，用时 {seconds}"
STOPPED = "已在 {seconds} 后停止；已写出的内容均已保留"
FAILED = "未能评测"
TOKENS = "{tokens} 个 token"
RATE = "每秒 {rate} 个 token"

# 结果
SCORES = "评分"
OVERALL = "总分"
OVERALL_HINT = "三项期望分的平均值。"
OF_SOME = "{value}（{of} 项中的 {count} 项）"
EXPECTED = "期望分"
EXPECTED_HINT = "五个分值按各自概率加权的平均值。"
UNREAD = "未读出"
UNREAD_HINT = "评审模型的回答中没有可以读出的这一项分数。"
WITHHELD = "未评"
WITHHELD_PART = "{count} 项未评"
UNREAD_PART = "{count} 项未读出"
WITHHELD_TITLE = "未评"
WITHHELD_SOME = "{names}：未评。{reason}"
UNKNOWING = "以下文字出自并不了解这类视频的评审模型：请不要当作对视频的描述。"
LEFT_WITHHELD = "{count} 个未评"
LEFT_UNREAD = "{count} 个无法读出"
CONFIDENCE = "置信度{word}，{percent} %"
DISTRIBUTION = "各分值的概率："
RATIONALE = "理由"
RATIONALE_EMPTY = "评审模型的推理会在这里逐字出现。"
RATIONALE_NONE = "直接评分，没有理由。"
RATIONALE_SILENT = "评审模型没有写理由。"
MORE_RATIONALES = "另外 {count} 次采样"
SAMPLE = "理由 {number}"
OWN_SCORE = "本次采样：{value}"
PROFILE = "评分概览"
FRAMES = "评审模型看到的画面"
FRAMES_EMPTY = "采样的画面会显示在这里。"
FRAMES_COUNT = "共 {count} 帧"
FRAMES_SHOWN = "显示 {count} 帧中的 {shown} 帧"
FRAMES_SIZE = "，{width} × {height}"
STORED = "评测于 {when}"
FRAME = "第 {number} 帧，{time} 秒"
FRAME_TIME = "{time} 秒"
SEEK = "跳到视频的 {time} 秒处"
TIMELINE = "评语提到的时刻"
MARK_FRAME = "第 {number} 帧，{time} 秒：{dimension}"
MARK_TIME = "{time} 秒：{dimension}"
ENLARGE = "放大一帧"
FRAME_AT = "第 {number} 帧，共 {count} 帧，{time} 秒"
FRAME_BACK = "上一帧"
FRAME_ON = "下一帧"
CLOSE = "关闭"
TRUNCATED = "思考达到预算上限而被截断，随后要求评审模型直接评分。"
DOWNLOAD = "保存 JSON"
COPY = "复制"
COPIED = "已复制"
LINK = "复制链接"
LINK_COPIED = "链接已复制"
OPEN_COMPARE = "对比"
OPEN_REVIEW = "复核"
SPOKEN = "{video}\n提示词：{prompt}"
SPOKEN_LINE = "{dimension}：{value}"
SPOKEN_EXPECTED = "（期望分 {expected}）"
HOW_SURE = "有多大把握？采样 {count} 次"
JUDGE = "模型与精度"
JUDGE_HINT = "换用的模型会在第一次使用时加载。"
IN_MINUTES = "{name}：需要几分钟"
AT_ONCE = "{name}：立即"
TWO_HINT = "前者具备公开发布模型的能力，在此机器上较慢；后者很快，了解渲染的简单场景，对影像只给出初步估计。"
FETCHING_JUDGE = "正在下载 {name}"
PREPARING_JUDGE = "正在为本机准备 {name}"
GIGABYTES = "已有 {done} / {of} GB"
MEANWHILE = "在它就绪之前，由 {name} 评测："
STOOD_IN = "{own} 尚未就绪，因此由 {name} 评测。"
JUDGE_DEFAULT = "本应用自带"

# 自己的评测
HISTORY = "历史记录"
HISTORY_EMPTY = "在此浏览器中做的评测会显示在这里，只有此浏览器能列出它们。"
HISTORY_SHARED = "所有人的评测都显示在这里：这是本应用的运营者开启的。"
HISTORY_NONE = "此浏览器不为网页保留数据，因此这里不保存任何内容。"
HISTORY_MORE = "共 {count} 条，显示最新的 {shown} 条"
EXPORT = "全部导出"
DELETE = "删除"
DELETE_ALL = "删除我的全部记录"
DELETE_SURE = "要删除 {count} 个评测及其视频和复核吗？"
DELETE_SURE_ONE = "要删除 1 个评测及其视频和复核吗？"
DELETE_UNDONE = "{minutes} 分钟内可以撤销。"
DELETE_YES = "删除"
KEEP = "保留"
DELETED = "已删除 {count} 个。{time} 内可以撤销；之后将连同视频、复核和投票一起永久消失。"
DELETE_ONE = "删除 {video} 的评测"
NO_EXPORT = "还没有可以导出的内容：请先评测一个视频。"
JUDGED_BY = "评审模型："
WHOSE = "评审模型：{judge}。{knows}"
MODEL_PRECISION = "{name}，{precision}"
KNOWS_NOT = "这里没有说明该评审模型了解什么。"
WAY = "真实视频该用什么模型"

LABELS = {
    "visual_quality": "视觉质量",
    "text_alignment": "文本对齐（视频与提示词的一致性）",
    "physical_consistency": "物理与常识一致性",
}
ASKS = {
    "visual_quality": "清晰度、流畅度、画面瑕疵",
    "text_alignment": "对提示词的忠实程度",
    "physical_consistency": "是否自然、是否合乎物理规律",
}
SHORT = {
    "visual_quality": "视觉质量",
    "text_alignment": "文本对齐",
    "physical_consistency": "物理一致性",
}
CONFIDENCE_WORDS = ((0.8, "高"), (0.5, "中等"), (0.0, "低"))

# 图表
CHARTS = {
    "axes": {"visual_quality": "视觉质量", "text_alignment": "文本对齐", "physical_consistency": "物理一致性"},
    "overall": "总分", "not_judged": "未评", "not_read": "未读出", "candidate": "候选 {number}",
    "radar": "评分雷达图，每项 {least} 到 {most} 分。{said}。", "radar_line": "{name}：{scores}",
    "radar_score": "{axis} {score}", "radar_list": "，", "radar_and": "；", "no_scores": "还没有分数", "score": "分数",
    "clips": "视频数", "clips_of": "{axis} %{{x}} 分：%{{y}} 个视频", "more": "另有 {count} 个",
}

# 语言切换：各用自己的文字
LANGUAGE = "语言"
LANGUAGES = {"zh": "中文", "en": "English"}

MINUTES = "{minutes} 分 {seconds} 秒"
SECONDS = "{seconds} 秒"
LIST = "、"
WHEN = "{when:%m月%d日 %H:%M}"
WHEN_STORED = "UTC {when:%Y年%m月%d日 %H:%M}"
