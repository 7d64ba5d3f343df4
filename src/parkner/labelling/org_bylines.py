"""Labelling functions for ORG: names in bylines and attributions (tier 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parkner.labelling.functions import Article, Found, labelling_function

_BYLINE = re.compile(
    r"(?:来源|稿源|出处|文章来源|信息来源|新闻来源|发布单位|发布机构|发文机关|供稿|主办单位|承办单位|采购人|采购单位|招标人|招标单位|采购代理机构|"
    r"招标代理机构|招标代理|中标单位|中标人|中标供应商|成交供应商|供应商名称|发布人|本文来源)(?:名称)?[ \t]*[:：][ \t\u3000]*"
    r"([^\s，。；、|:：!！（(<>《》【】\[\]]{2,32})"
)
# A page's next label may follow without a space.
_NEXT_LABEL = re.compile(
    r"发布时间|发布日期|发表时间|时间|日期|作者|责任编辑|编辑|责编|阅读|浏览|点击|字号|字体|分享|打印|记者|\||[“”]"
)
_NO_SOURCE = re.compile(
    r"(?:[省市县区州旗](?!.*[省市县区])|互联网|网络|本站|原创|转载|未知|本网|佚名|其他|admin|综合|新闻联播|.*\d{4}[-年]).*|[\d.\-/]+$",
    re.IGNORECASE,
)


@labelling_function("ORG")
def org_byline(article: Article) -> Iterator[Found]:
    """Sources, publishers, buyers and bidders behind their label (来源:中国网); a person there is its mistake."""
    suffixes = tuple(article.lexicons["org_suffixes"])
    for match in _BYLINE.finditer(article.text):
        personal = match[0].startswith(("发布人", "供稿"))
        at = match.start(1)
        for name in re.split(r"[-—]", _NEXT_LABEL.split(match[1])[0]):
            start, at = at, at + len(name) + 1
            short = len(name) <= 3 and not name.endswith(("网", "报", "社", "局", "委"))
            if (
                len(name) < 2
                or _NO_SOURCE.match(name)
                or ((personal or short) and not name.endswith(suffixes))
            ):
                continue
            yield start, start + len(name)


_REPORTS = re.compile(
    r"(?:据|综合|引述|援引)(?:了)?([\u4e00-\u9fffA-Za-z]{2,14}?)(?:[0-9]{1,2}日|[0-9]{1,2}月[0-9]{1,2}日|今日|昨日)?的?(?:报道|电讯|消息称|消息|获悉|记者)|"
    r"(?:^|\n)[ \u3000]*([\u4e00-\u9fff]{3,10})(?:[0-9月日]+)?讯|[(（]([\u4e00-\u9fff]{3,12}?)(?:全媒体)?(?:记者|通讯员|特约)"
)


@labelling_function("ORG")
def org_reported(article: Article) -> Iterator[Found]:
    """Media in 据…报道, …讯 and (…记者 …)."""
    for match in _REPORTS.finditer(article.text):
        for group in (1, 2, 3):
            name = match[group]
            media = name and re.search(r"(?:报|网|社|台|新闻|财经|在线|周刊|杂志|电视)$", name)
            if media and not re.match(r"本|该|外|当地|有关|上述|多家", name):
                yield match.span(group)
