"""Words of amounts: currencies, multipliers, and what the words before and behind a number say of it."""

from __future__ import annotations

from typing import Literal

from parkner.values.folding import each

Qualifier = Literal["exact", "about", "over", "at_least", "at_most", "range", "order"]

# Names that several countries share (卢比, 比索, 克朗, 法郎, 镑) are not here: their code would be a guess.
_CURRENCIES = {
    "CNY": "元人民币 人民币元 元 块钱 块 人民币 rmb cny cn¥",
    "USD": "美元 美金 美刀 元美元 元美金 usd us$",
    "EUR": "欧元 元欧元 eur €",
    "HKD": "港元 港币 港元币 元港元 元港币 港纸 hkd hk$",
    "JPY": "日元 日币 元日元 元日币 jpy jp¥",
    "GBP": "英镑 gbp £",
    "TWD": "新台币 元新台币 台币 元台币 新台币元 台元 twd nt$ ntd",
    "AUD": "澳元 澳币 澳大利亚元 aud a$ au$",
    "CAD": "加元 加币 加拿大元 cad c$ ca$",
    "KRW": "韩元 韩币 韩国元 krw ₩",
    "SGD": "新加坡元 新加坡币 新元 新币 坡币 sgd s$",
    "MOP": "澳门元 澳门币 mop",
    "CHF": "瑞士法郎 瑞郎 chf",
    "NZD": "新西兰元 纽元 纽币 nzd nz$",
    "RUB": "卢布 俄罗斯卢布 rub ₽",
    "INR": "印度卢比 inr ₹",
    "THB": "泰铢 thb ฿",
    "MYR": "林吉特 马来西亚林吉特 马币 令吉 myr",
    "VND": "越南盾 vnd",
    "IDR": "印尼盾 印尼卢比 idr",
    "PHP": "菲律宾比索 php",
    "BRL": "雷亚尔 巴西雷亚尔 brl r$",
    "ZAR": "兰特 南非兰特 zar",
    "TRY": "土耳其里拉 里拉 try",
    "SEK": "瑞典克朗 sek",
    "NOK": "挪威克朗 nok",
    "DKK": "丹麦克朗 dkk",
    "MXN": "墨西哥比索 mxn",
    "AED": "迪拉姆 阿联酋迪拉姆 aed",
    "SAR": "沙特里亚尔 sar",
    "ILS": "谢克尔 新谢克尔 以色列新谢克尔 ils",
    "PLN": "兹罗提 波兰兹罗提 pln",
    "HUF": "福林 匈牙利福林 huf",
    "KZT": "坚戈 哈萨克斯坦坚戈 kzt",
    "EGP": "埃及镑 egp",
    "PKR": "巴基斯坦卢比 pkr",
}
CODES = {name: code for code, names in _CURRENCIES.items() for name in names.split()}
CODES |= {"$": "USD", "¥": "CNY"}
AMBIGUOUS = ("卢比", "比索", "克朗", "法郎", "镑", "第纳尔", "里亚尔", "先令")

# Powers of ten.
ENGLISH = {"thousand": 3, "k": 3, "million": 6, "mn": 6, "m": 6, "billion": 9, "bn": 9, "b": 9}
ENGLISH |= {"trillion": 12, "tn": 12}

LEADS: dict[str, Qualifier] = {
    **each("约 大约 近 将近 接近 大概 约为 差不多", "about"),
    **each("超 超过 逾 突破 过 多于 高于 大于", "over"),
    **each("上 不低于 不少于 不小于 至少 最少 最低 达到或超过", "at_least"),
    **each("不超过 不高于 不多于 至多 最多 最高 不足 不到 低于 少于 小于 未达", "at_most"),
    **each("达 达到 高达 共 共计 总计 合计 累计", "exact"),
}
TAILS: dict[str, Qualifier] = {
    **each("左右 上下 附近 前后 许", "about"),
    **each("以上 之上 及以上 或以上 以上级 起", "at_least"),
    **each("以下 以内 之内 内 以里 之下 及以下 或以下", "at_most"),
    **each("级 级别 量级 级的 规模 级规模", "order"),
    **each("+ 有余 开外", "over"),
    **each("整 正 不等 之间 钱", "exact"),
}
TAILS |= {f"级{word}": TAILS[word] for word in ("以上", "左右", "以下", "以内")}
