"""报告相关的文字：生成报告的按钮，以及批量评测的分组。报告自身的文字在 vs2/report。"""

REPORT = "报告"
CARD = "分享卡片"
REPORT_OF = "{video} 的评测报告"
REPORT_SAVE = "下载报告"
MAKING = "正在生成…"
NOTHING = "这里没有可以写进报告的评分：请先评测。"
FILES = {"evaluation": "evaluation", "comparison": "comparison", "best-of": "best-of", "batch": "batch", "duel": "duel"}

# 批量评测的分组
BY = "分组依据"
BY_HINT = "表格中的一列，例如生成器或提示词集。"
BY_NONE = "不分组"
GROUPS = "按 {column} 分组"
GROUPS_WAIT = "有行评测完成后，分组会显示在这里。"
PLACE, GROUP, OVERALL, JUDGED, LOWEST = "名次", "分组", "总分", "三项齐全的行", "最低"
NO_VALUE = "（无值）"
OF_ROWS = "{judged} / {rows}"
WITHHELD, UNREAD, FAILED, LEFT = "{count} 项未评", "{count} 项未读出", "{count} 行失败", "{count} 行待评"
NO_INTERVAL = "无区间"
ROW = "第 {number} 行"
OPEN = "打开第 {number} 行的评测"
INTERVAL = ("期望分的平均值；方括号内为 95 % 自助法区间：若一组内同一提示词出现多次，则按提示词抽样，否则按视频抽样。"
            "区间重叠的分组不一定有差别。")
LACKING = "有 {count} 行的三项评分不全，因此不计入任何总分平均值。"
JUDGES = "这些评分来自 {count} 个评审模型，它们的尺度并不相同。"
PROFILES = "各分组的评分轮廓"
"""每个分组一张雷达图。"""
