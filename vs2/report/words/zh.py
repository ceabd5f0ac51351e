"""The words of reports in Chinese."""

KINDS = {"evaluation": "评测", "comparison": "对比", "best-of": "Best of N", "batch": "批量评测", "duel": "盲测对决"}
TAG = "zh-CN"
TITLE = "{kind} · VideoScore2"
MADE = "报告生成于 {when}，vs2 {version}"
DATE = "{moment:%Y-%m-%d %H:%M} UTC"
WHEN = "评测时间"

# Whose and how
JUDGE = "评审模型"
JUDGED_BY = "{name}，{precision}"
KNOWS_NOT = "没有说明这个评审模型了解什么。"
PROMPT = "提示词"
FILE = "文件"
SETTINGS = "设置"
JUDGE_SETTINGS = "评审模型与设置"
FACTS = "关于这个视频"
SETTINGS_NONE = "这些分数没有保存设置。"
THINK, BUDGET, SAMPLES = "先思考再打分", "思考预算", "抽取的理由数"
SEED, TEMPERATURE, RULE = "随机种子", "温度", "排名依据"
YES, NO = "是", "否"
TOKENS = "{count} 个 token"
SEEN, SECONDS = "看到的帧", "用时"
TOOK = "{seconds} 秒，{tokens} 个 token"
SEEN_OF = "{count} 帧，从 {first} 秒到 {last} 秒"
RULES = {"mean": "三项分数的平均", "worst": "最低的一项，其次是平均", "visual_quality": "视觉质量",
         "text_alignment": "文本对齐", "physical_consistency": "物理一致性"}
WEIGHTS = "权重：{weights}"

# Scores
SCORES = "分数"
OVERALL = "总分"
OVERALL_OF = "总分（{of} 项中的 {count} 项）"
OVERALL_HINT = "三项期望分数的平均"
EXPECTED = "期望 {value}"
WITHHELD = "未评"
UNREAD = "未读出"
UNREAD_WHY = "评审模型的回答里没有可以读出的这一项分数。"
WITHHELD_TITLE = "未评"
CONFIDENCE = "置信度 {percent} %"
NO_CONFIDENCE = "没有给出置信度：只有一份理由，分数由它自己写出，所以无法判断有多确定。"
DISTRIBUTION = "各分数的概率：{said}"
SHORT = {"visual_quality": "视觉质量", "text_alignment": "文本对齐", "physical_consistency": "物理一致性"}
LABELS = {"visual_quality": "视觉质量", "text_alignment": "文本对齐", "physical_consistency": "物理一致性"}
ASKS = {"visual_quality": "清晰度、流畅度、画面瑕疵", "text_alignment": "对提示词的忠实程度",
        "physical_consistency": "是否自然、是否合乎物理规律"}
PROFILE = "分数雷达图"
RADAR = "分数雷达图，每项 1 到 5。{said}。"
NO_SCORES = "没有分数"

# What was seen and said
STILLS = "评审模型看到的画面"
STILLS_SOME = "评审模型看到的 {count} 帧中的 {shown} 帧"
STILLS_NONE = "生成报告时没有这个视频，所以没有画面。"
STILLS_FULL = "受文件大小限制，本报告只包含能放下的画面。"
STILL = "第 {number} 帧，{time} 秒"
STILL_SHORT = "{number} · {time} 秒"
RATIONALE = "理由"
RATIONALE_NONE = "直接打分，没有理由。"
RATIONALE_SILENT = "评审模型没有写理由。"
SAMPLE = "第 {number} 份理由，共 {count} 份"
SAMPLE_SHOWN = "显示的是它的分数"
SAMPLE_SCORES = "它自己的分数：{scores}"
UNKNOWING = "写下这些话的评审模型不了解这类视频：请不要把它们当作描述。"
CUT = "思考达到预算而被截断，随后要求评审模型打分。"
LOOPED = "评审模型不停重复，随后要求它打分。"
SHORTENED = "……（本报告略去了另外 {count} 个字符）"
NOTES = "备注"
CLIPS = "视频"

# Comparisons
VERDICT = "结果"
WINNER, TIE, NO_WINNER = "胜出：{name}", "平局", "没有胜出者"
CANDIDATE = "候选 {number}"
PLACE, CLIP, GROUP = "名次", "视频", "分组"
FAILED = "未评：{error}"

BEST_OF_BY = "由 {generator} 生成。"

# Batches
ROWS = "各行"
ROW = "第 {number} 行"
ROWS_NAMED = "第 {numbers} 行"
COUNTS = "共 {rows} 行：{said}。"
COUNTS_ONE = "共 1 行：{said}。"
COUNT_COMPLETE, COUNT_PART = "三项都有分数的 {count} 行", "部分或全部未评的 {count} 行"
ROWS_SHOWN = "这里列出 {count} 行中的 {shown} 行；全部在生成本报告的表格里。"
WHOLE_SHOWN = "本报告包含 {count} 个已评视频中 {shown} 个的画面和理由：{which}。"
WHICH_WORST = "总分最低的"
WHICH_GROUPS = "每组中最低的"
WHICH_FIRST = "最前面的，因为都没有总分"
BY = "按 {column}"
NO_VALUE = "（无值）"
OF_ROWS = "{rows} 行中的 {judged} 行"
NOT_BEGUN = "尚未开始"
PART_WITHHELD, PART_UNREAD, PART_FAILED, PART_LEFT = ("{count} 行未评", "{count} 行未读出", "{count} 行失败",
                                                      "{count} 行尚未开始")
BEHIND = "三项都有分数的行"
WORST = "最低"
INTERVAL = ("期望分数的平均；方括号内是平均值的 95 % 自助法区间：一组中有提示词多次出现时按提示词抽样，否则按视频抽样。"
            "区间重叠时不构成排名。")
LACKING = "平均只计入有该分数的行：有 {count} 行不在任何总平均里，这样的行较多的组可能显得更好或更差。"
LACKING_ONE = "平均只计入有该分数的行：有 1 行不在任何总平均里，它所在的组可能显得更好或更差。"
JUDGES_MIXED = "分数来自 {count} 个评审模型，它们的尺度不同：请不要跨评审模型比较各组。"
NO_INTERVAL = "没有区间：只有一次抽样"
GROUP_RADAR = "各组雷达图"

# Duels
DUEL_OF = "排名：{dimension}"
GENERATOR = "生成器"
STRENGTH, WIN_RATE, WINS, LOSSES, TIES = "强度", "胜率", "胜", "负", "平"
VOTES = "{votes} 票{by}；平局：{ties}，都不好：{bad}。"
VOTES_ONE = "1 票{by}；平局：{ties}，都不好：{bad}。"
VOTES_BY = "，来自 {voters} 人"
VOTES_BY_ONE = "，来自 1 人"
STRENGTHS = "强度来自 Bradley-Terry 模型，0 是所有生成器的平均，附 {level} % 区间；胜率中平局算半胜。"
AGREEMENT = "评审模型与人的一致程度"
AGREES, AGREES_TIES, PAIRS = "与人的排序相同的对", "平局也计入", "对"
ALL_DIMENSIONS = "哪个更好"

# What the scores are not
CAVEAT = "这些分数不是什么"
CAVEATS = (
    "它们是一个模型对抽取的几帧画面的看法，从 1 到 5：不是测量，也不是人的结论。",
    "它们不涉及声音、帧与帧之间发生的事、安全、权利，也不涉及所展示的内容是否真实。",
    "不同评审模型的分数没有共同的尺度；视频之间的小差别可能是偶然。",
    "理由由同一个模型写出：它可能提到并不存在的东西。")
CAVEAT_WITHHELD = "未评的项没有分数，也不计入任何平均。"
CAVEAT_VOTES = "按投票的排名只适用于参与的视频、提示词和人。"

# Share cards
CARD_BY = "评审：{name}"
CARD_JUDGE = "名称无法在此卡片上显示的评审模型"
CARD_NO_CONFIDENCE = "一份意见，未给出置信度"
CARD_CONFIDENCE = "置信度 {least} 到 {most} %"
CARD_PROMPT_MARK = "［提示词的文字无法在此卡片上显示］"
CARD_NO_STILL = "没有画面"
CARD_TIE = "平局"
CARD_WINNER = "胜出"
CARD_MORE = "{count} 个候选中的 {shown} 个"
CARD_CAVEAT = "1 到 5，模型对抽取画面的看法"
