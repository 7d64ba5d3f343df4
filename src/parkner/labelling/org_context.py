"""Labelling functions for ORG: names known by what stands around them, or from elsewhere in the article (tier 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.names import Words, has_proper, is_boundary, left_edge, places_of, words_of
from parkner.labelling.org import org_company, org_finance
from parkner.labelling.org_suffix import hits_of

_NAME = r"[\u4e00-\u9fffA-Za-z0-9·&（）()\-]"
_COUNT = r"(?:[0-9一二三四五六七八九十百千两几多数]+余?多?)?(?:家|大|个|户|名)?"
_HEADS = (
    "企业|公司|厂商|厂家|品牌|巨头|集团|商家|银行|券商|车企|药企|央企|国企|民企|运营商|制造商|供应商|生产商|开发商|房企|机构|媒体|高校|院校|"
    "学校|协会|单位|龙头|项目|产值|骨干|总投资|上市|平台|电商|成员"
)
_LIST = re.compile(
    rf"({_NAME}{{2,18}}(?:、[“\"]?{_NAME}{{2,18}}[”\"]?){{0,12}})(?:和{_NAME}{{2,14}})?等(?:国内|国际|国内外|知名|著名|大型|一批|一大批|世界|优质|重点|骨干)*"
    rf"{_COUNT}[\u4e00-\u9fff“”]{{0,8}}?(?:{_HEADS})"
)


def _clip(words: Words, start: int, end: int) -> int:
    """Start of the name that ends at `end` and begins at `start` or, behind the last boundary word, later."""
    last = words.starting_from(end)
    if last == 0 or words.starts[last] != end:
        return start
    first = left_edge(words, last - 1, limit=20)
    return max(start, words.starts[first])


_INDUSTRY_END = re.compile(
    r"(?:业|产业|制造|加工|材料|装备|领域|行业|产品|设备|服务|市场|城市|地区|国家|省|市|县)$"
)


def names_a_firm(words: Words, start: int, end: int) -> bool:
    """Whether the stretch looks like a firm's short name: an unknown or proper word, and not only a place."""
    first, last = words.containing(start), words.starting_from(end)
    if words.starts[last] != end or words.starts[first] != start or end - start < 2 or end - start > 18:
        return False
    if (
        all(words.tags[k] == "ns" for k in range(first, last))
        or _INDUSTRY_END.search(words.text[start:end][-3:])
    ) and not any(words.tags[k] == "nt" for k in range(first, last)):
        return False
    return has_proper(words, first, last) and words.tags[last - 1] not in ("nr",)


_THINGS = re.compile(
    r"(?:工程|铁路|通道|公路|高速|大道|厂房|水库|公园|互通|平台|基地|园|园区|新区|示范区|开发区|城|府|道|桥|港|站|项目|建设|一体化|生产|改造|小区|广场|线|路|期|地|村|镇)$"
)
_PROJECT_HEAD = re.compile(r"(?:项目|产值|总投资|平台|电商)$")


def firm_part(words: Words, first: int, last: int, fields: Mapping[str, str]) -> int:
    """Index behind the firm's name that the words ``first .. last - 1`` begin with: place, unknown name, field words.

    In 鑫华汇绿色智能纺织 the firm is 鑫华汇; in 晶芯频控超小型号 it is 晶芯频控. `first` if they begin otherwise.
    """
    at = first
    while at < last and words.tags[at] == "ns":
        at += 1
    begin = at
    while at < last and len(words.words[at]) == 1 and not is_boundary(words, at) and at - begin < 4:
        at += 1
    if at - begin < 2:
        if (
            begin < last
            and words.tags[begin] in ("nt", "nz", "nrt", "nr", "x")
            and len(words.words[begin]) >= 2
        ):
            at = begin + 1
        else:
            return first
    while at < last and words.words[at] in fields:
        at += 1
    return at


@labelling_function("ORG")
def org_list(article: Article) -> Iterator[Found]:
    """Items of `A、B、C等N家…企业` that look like names; misses firms named by everyday words (诚信, 燎原)."""
    yield from list_items(article)


def list_items(article: Article) -> list[tuple[int, int]]:
    """Names in lists that end in 等…企业 or 等…项目 (once an article)."""
    return article.memo("org.list_items", _find_list_items)


def _find_list_items(article: Article) -> list[tuple[int, int]]:
    words, fields, found = words_of(article), article.lexicons["company_fields"], []
    for match in _LIST.finditer(article.text):
        start, projects = match.start(1), _PROJECT_HEAD.search(match[0]) is not None
        for item in re.finditer(r"[^、“”\"]+", match[1]):
            begin, end = start + item.start(), start + item.end()
            if end not in words.boundaries or _THINGS.search(item[0]):
                continue
            if item.start() == 0:
                begin = _clip(words, begin, end)
            if begin not in words.boundaries or begin >= end:
                continue
            first, last = words.starting_from(begin), words.starting_from(end)
            if projects:
                end = words.starts[firm_part(words, first, last, fields)]
                if end - begin < 2 or (end - begin == 2 and words.text[begin:end] in places_of(article)):
                    continue
                found.append((begin, end))
            elif names_a_firm(words, begin, end):
                found.append((begin, end))
    return found


_BYLINE = re.compile(
    r"(?:来源|稿源|出处|文章来源|信息来源|新闻来源|发布单位|发布机构|发文机关|供稿|主办单位|承办单位|采购人|采购单位|招标人|招标单位|采购代理机构|招标代理机构|"
    r"招标代理|中标单位|中标人|中标供应商|成交供应商|供应商名称|发布人|本文来源)(?:名称)?[ \t]*[:：][ \t\u3000]*([^\s，。；、|:：!！（(<>《》【】\[\]]{2,32})"
)
# Cleaning takes spaces between Chinese characters away: the next label of a byline may follow directly.
_LABEL_BEHIND = re.compile(
    r"发布时间|发布日期|发表时间|时间|日期|作者|责任编辑|编辑|责编|阅读|浏览|点击|字号|字体|分享|打印|记者|\||[“”]"
)
_NOT_A_SOURCE = re.compile(
    r"(?:互联网|网络|本站|原创|转载|未知|本网|佚名|其他|admin|责任编辑|作者|记者|综合|编辑|点击|浏览|字体|发布时间|日期|.*\d{4}[-年]).*|[\d.\-/]+$",
    re.IGNORECASE,
)


@labelling_function("ORG")
def org_byline(article: Article) -> Iterator[Found]:
    """Sources, publishers, buyers and bidders behind their label (来源:中国网); a person there is its mistake."""
    suffixes = tuple(article.lexicons["org_suffixes"])
    for match in _BYLINE.finditer(article.text):
        personal = match[0].startswith(("发布人", "供稿"))
        at = match.start(1)
        for name in re.split(r"[-—]", _LABEL_BEHIND.split(match[1])[0]):
            start, at = at, at + len(name) + 1
            short = len(name) <= 3 and not name.endswith(("网", "报", "社", "局", "委"))
            if (
                len(name) < 2
                or _NOT_A_SOURCE.match(name)
                or ((personal or short)
                and not name.endswith(suffixes))
            ):
                continue
            yield start, start + len(name)


_REPORTS = re.compile(
    r"(?:据|综合|引述|援引)(?:了)?([\u4e00-\u9fffA-Za-z]{2,14}?)(?:[0-9]{1,2}日|[0-9]{1,2}月[0-9]{1,2}日|今日|昨日)?(?:的)?(?:报道|电讯|消息称|消息|获悉|记者)|"
    r"(?:^|\n)[ \u3000]*([\u4e00-\u9fff]{3,10})(?:[0-9月日]+)?讯|[(（]([\u4e00-\u9fff]{3,12}?)(?:全媒体)?(?:记者|通讯员|特约)"
)


@labelling_function("ORG")
def org_reported(article: Article) -> Iterator[Found]:
    """Media in 据…报道, …讯 and (…记者 …)."""
    for match in _REPORTS.finditer(article.text):
        for group in (1, 2, 3):
            name = match[group]
            if (
                name
                and re.search(r"(?:报|网|社|台|新闻|财经|日报|晚报|在线|周刊|杂志|电视)$", name)
                and not re.match(r"本|该|外|当地|有关", name)
            ):
                yield match.span(group)


def full_names(article: Article) -> list[tuple[int, int]]:
    """Places of companies' and financial institutions' names by suffix (once an article)."""
    return article.memo(
        "org.full_names", lambda a: [(f[0], f[1]) for f in (*org_company(a), *org_finance(a))]
    )


_INTRODUCED = re.compile(
    r"[(（](?:以下简称|以下统称|下称|简称|英文简称|以下称|证券简称|股票简称|又称|原名)?[:：]?[“\"'‘「]?([\u4e00-\u9fffA-Za-z0-9·&]{2,12})[”\"'’」]?(?:[,，;；][^)）]{0,30})?[)）]"
)


def introduced_names(article: Article) -> list[tuple[int, int]]:
    """Short names in brackets right behind a name with a suffix: …有限公司(以下简称“海尔”); once an article."""
    return article.memo("org.introduced", _find_introduced)


def _find_introduced(article: Article) -> list[tuple[int, int]]:
    ends = {end for _, end in full_names(article)} | {
        hit.end
        for hit in hits_of(
            article, ["association", "institute", "school", "finance", "company", "government"]
        )
    }
    found = []
    for match in _INTRODUCED.finditer(article.text):
        explicit = re.match(r"[(（](?:以下|下称|简称|英文|证券|股票)", match[0])
        if (
            explicit
            or (
                match.start() in ends
                and not re.fullmatch(r"[0-9]+|.*(?:代码|筹|图|左|右|新华社|记者).*", match[1])
            )
        ) and (
            match.start() in ends
            or (explicit and article.text[match.start() - 1 : match.start()] in "司团行局院会社厂部学")
        ):
            found.append(match.span(1))
    return found


@labelling_function("ORG")
def org_introduced(article: Article) -> Iterator[Found]:
    """Short names introduced in brackets behind the full name (以下简称“…”), there and in the rest of the article."""
    text = article.text
    spans = introduced_names(article)
    yield from spans
    for name in {text[start:end] for start, end in spans}:
        if re.search(r"^(?:公司|集团|本公司|协会|中心|银行|政府|香港|上海|北京)$", name):
            continue
        for match in re.finditer(re.escape(name), text):
            if not name.isascii() or not re.match(r"[A-Za-z0-9]", text[match.end() : match.end() + 1]):
                yield match.span()


_FORM = re.compile(
    r"(?:[(（][^()（）]{1,8}[)）])?(?:股份|集团|控股|实业|投资|国际|科技|发展|中国)*(?:有限责任公司|股份有限公司|有限公司|公司|集团|总公司|总厂)$"
)


def short_forms(full: str, article: Article, *, fields: tuple[str, ...]) -> set[str]:
    """Short forms under which a company of this full name may go: without place, legal form and field.

    浙江森马服饰股份有限公司 -> 浙江森马服饰, 森马服饰, 浙江森马, 森马.
    """
    places = places_of(article)
    body = full
    while (cut := _FORM.sub("", body)) != body and len(cut) >= 2:
        body = cut
    forms = {body}
    after = places.chain(body, 0)
    if 0 < after < len(body) - 1:
        rest = body[after:].lstrip("市省县区")
        if len(rest) >= 2:
            forms.add(rest)
    for form in list(forms):
        for field in fields:
            if form.endswith(field) and len(form) - len(field) >= 2:
                forms.add(form[: -len(field)])
                break
    return {form for form in forms if 2 <= len(form) < len(full) and form not in places}


@labelling_function("ORG")
def org_short_form(article: Article) -> Iterator[Found]:
    """Short forms, through the article, of companies named in full (浙江森马服饰股份有限公司 -> 森马服饰)."""
    text, words = article.text, words_of(article)
    fields = tuple(sorted(article.lexicons["company_fields"], key=len, reverse=True))
    forms: set[str] = set()
    for start, end in full_names(article):
        forms |= short_forms(text[start:end], article, fields=fields)
    dictionary = words.tags
    for form in forms:
        for match in re.finditer(re.escape(form), text):
            start, end = match.span()
            if start not in words.boundaries or end not in words.boundaries:
                continue
            first, last = words.containing(start), words.starting_from(end)
            if last - first == 1 and dictionary[first] not in ("nt", "nz", "x", "nrt"):
                continue  # an everyday word
            if has_proper(words, first, last):
                yield start, end


@labelling_function("ORG")
def org_short_grammar(article: Article) -> Iterator[Found]:
    """An unknown name of two or three characters and a field word (紫建电子, 中昆铝业), with a place before it."""
    words, places = words_of(article), places_of(article)
    fields = article.lexicons["company_fields"]
    for k, word in enumerate(words.words):
        if word not in fields or k == 0:
            continue
        first = k
        while (
            first > 0
            and len(words.words[first - 1]) == 1
            and not is_boundary(words, first - 1)
            and k - first < 4
        ):
            first -= 1
        run = k - first
        if re.search(
            r"[级亿万千百做强抓等区大小新老产两双全各]", article.text[words.starts[first] : words.starts[k]]
        ):
            continue
        if not 2 <= run <= 3:
            continue
        if first > 0 and not is_boundary(words, first - 1) and words.tags[first - 1] != "ns":
            continue
        start, end = words.starts[first], words.starts[k + 1]
        if k + 1 < len(words.words) and words.words[k + 1] in (
            "有限",
            "有限公司",
            "公司",
            "集团",
            "股份",
            "产业园",
            "产业",
            "园区",
            "园",
            "城",
            "谷",
            "大学",
            "学院",
        ):
            continue
        begin = places.ending_at(article.text, start)
        if begin < start and begin in words.boundaries and not places.is_foreign(article.text[begin:start]):
            start = begin
        yield start, end


@labelling_function("ORG")
def org_repeated(article: Article) -> Iterator[Found]:
    """Names found in lists, wherever else the article has them between word boundaries."""
    text, words = article.text, words_of(article)
    sure = {text[start:end] for start, end in list_items(article)}
    for name in sure:
        if len(name) < 3:
            continue
        for match in re.finditer(re.escape(name), text):
            if match.start() in words.boundaries and match.end() in words.boundaries:
                yield match.span()
