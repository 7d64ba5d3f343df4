"""Words of dates: what they stand for, and why some stand for no day."""

from __future__ import annotations

import re

from parkner.values.folding import each

# Days from the reference.
DAY_WORDS = {
    **each("今天 今日 今晚 今夜 今晨 今早 今 本日 即日", 0),
    **each("昨天 昨日 昨晚 昨夜 昨晨 昨", -1),
    **each("前天 前日 前晚", -2),
    "大前天": -3,
    **each("明天 明日 明晚 明晨 明早", 1),
    **each("后天 后日", 2),
    "大后天": 3,
}
# Days from the last day named before; numerals are Arabic by the time these are looked up.
CONTEXT_DAY_WORDS = {
    **each("同日 当日 当天 当晚 当夜 同1天 同天 该日 同日晚", 0),
    **each("次日 翌日 第2天 第2日 次晨", 1),
    **each("前1天 前1日", -1),
}
# Years from the reference.
YEAR_WORDS = {
    "大前年": -3,
    "前年": -2,
    **each("去年 上年 上1年 昨年 上1年度", -1),
    **each("今年 本年 这1年", 0),
    **each("明年 来年 下1年 下年", 1),
    "后年": 2,
}
# Years from the last date named before.
CONTEXT_YEAR_WORDS = {
    **each("同年 当年 该年 是年 同1年", 0),
    **each("次年 翌年 第2年", 1),
    **each("前1年", -1),
}
# Months from the reference, and from the last date named before.
MONTH_WORDS = {
    **each("本月 这个月 这月", 0),
    **each("上月 上个月 上1个月 上1月", -1),
    "上上个月": -2,
    "上上月": -2,
    **each("下月 下个月 下1个月", 1),
}
CONTEXT_MONTH_WORDS = {**each("当月 同月 该月", 0), **each("次月 翌月", 1)}
# Festivals that fall on the same day of the solar calendar every year.
FESTIVALS = {
    **each("元旦 元旦节 新年元旦", (1, 1)),
    **each("妇女节 三八节 三八妇女节 国际妇女节", (3, 8)),
    "植树节": (3, 12),
    **each("五一 五一节 劳动节 五一劳动节 五一国际劳动节 国际劳动节", (5, 1)),
    **each("青年节 五四青年节 五四", (5, 4)),
    **each("六一 儿童节 六一儿童节", (6, 1)),
    **each("七一 建党节 七一建党节", (7, 1)),
    **each("八一 建军节 八一建军节", (8, 1)),
    "教师节": (9, 10),
    **each("国庆 国庆节 国庆日 十一国庆节", (10, 1)),
    **each("圣诞节 圣诞", (12, 25)),
}
_FESTIVAL_NAMES = "|".join(sorted(FESTIVALS, key=len, reverse=True))
FESTIVAL = re.compile(rf"(?P<year>.*?年)?的?(?P<name>{_FESTIVAL_NAMES})(?:当天|当日)?")

# First years of the five-year plans (the first ran 1953-1957; 1963-1965 lay between two plans).
_MIDDLE_PLANS = "三五 四五 五五 六五 七五 八五 九五 十五"
_LATE_PLANS = "十一五 十二五 十三五 十四五 十五五"
PLANS = {
    **{name: 1953 + 5 * i for i, name in enumerate(("一五", "二五"))},
    **{name: 1966 + 5 * i for i, name in enumerate(_MIDDLE_PLANS.split())},
    **{name: 2006 + 5 * i for i, name in enumerate(_LATE_PLANS.split())},
}
PLAN = re.compile(
    rf"(?:国家)?(?:(?P<name>{'|'.join(sorted(PLANS, key=len, reverse=True))})"
    r"|第(?P<nth>[一二三四五六七八九十]{1,2})个五年)(?:规划|计划)?(?P<during>建设时期|规划期|时期|期内|期间|期|内)?"
    r"(?P<part>末期|末年|末|初期|初|开局之?年|收官之?年|开局|收官|(?:[前头后]|最后)[一两二三四1-4]年)?"
)
PLANS_IN_ORDER = list(PLANS.values())

_SEASONS = "春夏秋冬"
SEASON = re.compile(rf"([{_SEASONS}])(?:([{_SEASONS}])(?:[两2]?季)?|季|天|日|季度)?")
SEASON_MONTHS = {"春": (3, 5), "夏": (6, 8), "秋": (9, 11)}

_LUNAR = r"农历|阴历|正月|腊月|冬月|(?:^|月)初[0-9]|除夕|大年|闰"
_FEASTS = r"春节|中秋|端午|元宵|重阳|七夕|清明|小长假|黄金周|[春暑秋]运|双11|春耕|秋收|立[春夏秋冬]|[夏冬]至|[春秋]分"
_VAGUE = (
    r"目前|日前|近日|近期|近来|近年|近几年|当前|如今|现在|眼下|此前|此后|之后|随后|不久|最近|同时|过去|未来|今后|往年|历年|"
    r"长期|平时|连日|数日|几[天日月年]|多年|月余|这几|前期|后期|早期|中期|当时|彼时|其时|此时|同期|每年|每月|每天|每日|假期"
)
# Checked in order on a text that no rule read.
REASONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"(?:^|[^提])(?:公元|西元)?前[0-9]+(?:年|-|$)|公元前|西元前"),
        "before the year 1, which ISO dates do not reach",
    ),
    (re.compile(r"财年|财季|财政年度"), "a fiscal year, whose months depend on who reports"),
    (re.compile(_LUNAR), "a date of the lunar calendar"),
    (re.compile(_FEASTS), "a festival or season without a fixed date"),
    (re.compile(r"交易日|工作日"), "a trading or working day, which depends on a calendar of holidays"),
    (
        re.compile(r"民国|昭和|平成|令和|[\u4e00-\u9fff]{2,}(?:[0-9]+|元)年|世(?:[0-9]+|元)年"),
        "a year of an era",
    ),
    (re.compile(rf"^(?:{_VAGUE})|世纪[初中末]"), "a vague time"),
    (re.compile(r"(?:以前|之前|以后|之后|前|后)$"), "before or after a date, which has no bounds"),
    (
        re.compile(r"^[0-9.]+(?:多|余|几)?个?半?(?:年|月|天|日|周|星期|小时|季度|世纪)[多来余半间]*$"),
        "a duration",
    ),
    (re.compile(r"^(?:约|大约|近|将近|左右)|左右$|前后$"), "an approximate time"),
)
