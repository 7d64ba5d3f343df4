"""What the ORG and PARK functions share: words with tags, and how far a name reaches to the left (tier 2).

A name is found from its last word (公司, 局, 产业园) and followed to the left, word by word, up to a word that no name
contains: a mark, a function word, a verb, a title. Words and tags are jieba's dictionary segmentation (no HMM: unknown
names fall into single characters, which is how they are recognised), with the places and companies of the lexicons
added.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from parkner.labelling.functions import Article
from parkner.labelling.lexicon import Lexicons
from parkner.labelling.places import Places

MAX_NAME = 36  # characters of the longest name followed to the left; the longest in the train gold has 27

_LATIN = re.compile(r"[A-Za-zＡ-Ｚａ-ｚÀ-ÿ0-9０-９.&·\-+]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
OPENING = {")": "(", "）": "（"}

# Characters that are function words when they stand alone. 和, 中, 为, 同, 大, 新, 一 are left to the context.
FUNCTION_CHARACTERS = set(
    "的了在是与及或对向由将被把从等据让给使得到至于以而且也都又就还已曾正并但却则若如因所这那该本各每某其此我你他她它们去来有无要"
    "应须跟比较很更最再只仅约逾称说指前后内若干个家位批条项次只支辆吨款种份届和为同用过上下共地外原"
)
# These are function words too, but unknown names hold them as well: they end a name only beside a longer word.
SOFT_CHARACTERS = set("中一新老双两达会能可时元当间台套名件类型期号超近起户")
# Words no name contains, before a name in newspaper Chinese: appositions, titles, verbs jieba tags as nouns.
BOUNDARY_WORDS = {
    "记者",
    "通讯员",
    "编辑",
    "作者",
    "主任",
    "局长",
    "部长",
    "厅长",
    "处长",
    "科长",
    "书记",
    "省长",
    "市长",
    "县长",
    "区长",
    "镇长",
    "州长",
    "总统",
    "总理",
    "首相",
    "主席",
    "副主席",
    "议长",
    "会长",
    "副会长",
    "理事长",
    "秘书长",
    "院长",
    "副院长",
    "校长",
    "所长",
    "行长",
    "董事长",
    "副董事长",
    "董事",
    "总裁",
    "副总裁",
    "总经理",
    "副总经理",
    "经理",
    "总监",
    "首席",
    "专家",
    "教授",
    "博士",
    "研究员",
    "分析师",
    "工程师",
    "负责人",
    "发言人",
    "代表",
    "委员",
    "成员",
    "员工",
    "职工",
    "人士",
    "先生",
    "女士",
    "旗下",
    "下属",
    "所属",
    "附属",
    "隶属",
    "麾下",
    "全资",
    "控股子公司",
    "全资子公司",
    "子公司",
    "母公司",
    "分公司",
    "竞争对手",
    "合作伙伴",
    "股东",
    "客户",
    "用户",
    "供应商",
    "制造商",
    "生产商",
    "经销商",
    "代理商",
    "运营商",
    "开发商",
    "厂商",
    "厂家",
    "巨头",
    "品牌",
    "龙头企业",
    "龙头",
    "上市公司",
    "企业",
    "公司",
    "单位",
    "机构",
    "部门",
    "行业",
    "我国",
    "全国各地",
    "各地",
    "当地",
    "本地",
    "目前",
    "日前",
    "近日",
    "今日",
    "昨日",
    "今天",
    "昨天",
    "明天",
    "今年",
    "去年",
    "明年",
    "当年",
    "同年",
    "年初",
    "年底",
    "年内",
    "近年来",
    "近期",
    "此前",
    "此后",
    "其中",
    "其它",
    "其他",
    "其余",
    "另外",
    "此外",
    "同时",
    "随后",
    "据悉",
    "据了解",
    "据介绍",
    "获悉",
    "了解到",
    "来自",
    "位于",
    "坐落",
    "针对",
    "关于",
    "通过",
    "经过",
    "按照",
    "根据",
    "依据",
    "依托",
    "围绕",
    "随着",
    "作为",
    "成为",
    "包括",
    "例如",
    "比如",
    "譬如",
    "诸如",
    "以及",
    "并且",
    "而且",
    "但是",
    "不过",
    "然而",
    "因此",
    "所以",
    "如果",
    "虽然",
    "尽管",
    "即使",
    "无论",
    "主要",
    "著名",
    "知名",
    "大型",
    "中型",
    "小型",
    "最大",
    "第一大",
    "第二大",
    "第三大",
    "领先",
    "先后",
    "分别",
    "共同",
    "一起",
    "联手",
    "携手",
    "牵手",
    "联袂",
    "均",
    "即",
    "名为",
    "名叫",
    "叫做",
    "称为",
    "简称",
    "原名",
    "前身",
    "新成立",
    "成立",
    "组建",
    "设立",
    "建立",
    "创办",
    "创立",
    "投产",
    "入驻",
    "落户",
    "进驻",
    "签约",
    "收购",
    "并购",
    "兼并",
    "重组",
    "入股",
    "参股",
    "出资",
    "召开",
    "举行",
    "举办",
    "印发",
    "发布",
    "公布",
    "宣布",
    "表示",
    "认为",
    "指出",
    "强调",
    "透露",
    "介绍",
    "显示",
    "预计",
    "预测",
    "预期",
    "报告",
    "报道",
    "消息",
    "数据",
    "文件",
    "通知",
    "公告",
    "决定",
    "批准",
    "同意",
    "要求",
    "支持",
    "鼓励",
    "帮助",
    "协助",
    "引进",
    "引导",
    "推动",
    "推进",
    "加快",
    "促进",
    "加强",
    "实施",
    "实现",
    "完成",
    "开展",
    "启动",
    "打造",
    "建成",
    "新建",
    "在建",
    "培育",
    "这家",
    "那家",
    "一家",
    "两家",
    "三家",
    "多家",
    "几家",
    "数家",
    "该家",
    "每家",
    "各家",
    "这个",
    "那个",
    "一个",
    "这些",
    "那些",
    "有关",
    "相关",
    "任何",
    "所有",
    "全部",
    "部分",
    "许多",
    "不少",
    "众多",
    "大量",
    "其",
    "双方",
    "三方",
    "各方",
    "我们",
    "他们",
    "你们",
    "自己",
    "本报",
    "本刊",
    "本网",
    "本站",
    "本公司",
    "该公司",
    "我公司",
    "日媒",
    "美媒",
    "外媒",
    "媒体",
    "以下",
    "以上",
    "之后",
    "之前",
    "之间",
    "之一",
    "以来",
    "期间",
    "方面",
    "问题",
    "情况",
    "工作",
    "活动",
    "项目",
    "产品",
    "业务",
    "市场",
    "价格",
    "技术专家",
    "竞争",
    "订单",
    "总投资",
    "投资者",
    "消费者",
    "供货商",
    "目标",
    "工程",
    "计划",
    "方案",
    "规划",
    "政策",
    "措施",
    "法律",
    "协议",
    "合同",
    "标准",
    "生效",
    "参加",
    "参与",
    "出席",
    "会见",
    "访问",
    "考察",
    "调研",
    "视察",
    "走进",
    "来到",
    "前往",
    "抵达",
    "进入",
    "加入",
    "退出",
    "离开",
    "加盟",
    "起诉",
    "控告",
    "指控",
    "状告",
    "聘请",
    "委托",
    "邀请",
    "选择",
    "使用",
    "采用",
    "采购",
    "购买",
    "销售给",
    "提供",
    "供应",
    "向外",
    "出口到",
    "进口自",
    "得到",
    "获得",
    "取得",
    "拥有",
    "持有",
    "占有",
    "享有",
    "接受",
    "接到",
    "收到",
    "面对",
    "面临",
    "遭遇",
    "受到",
    "处于",
    "属于",
    "等于",
    "相当于",
    "低于",
    "高于",
    "大于",
    "小于",
    "超过",
    "达到",
    "突破",
    "位居",
    "名列",
    "跻身",
    "荣获",
    "获评",
    "入选",
    "通报",
    "点评",
    "下辖",
    "增持",
    "减持",
    "定增",
    "借壳",
    "转让",
    "剥离",
    "出售",
    "卖给",
    "交给",
    "送给",
    "提交",
    "上交",
    "交由",
    "经由",
    "源自",
    "出自",
    "始于",
    "止于",
    "直接",
    "间接",
    "目的",
    "导致",
    "造成",
    "引起",
    "引发",
    "带来",
    "影响",
    "损害",
    "打击",
    "制裁",
    "抵制",
    "调查",
    "起草",
    "制定",
    "修订",
    "编制",
    "审议",
    "颁布",
    "出台",
    "下发",
    "转发",
    "抄送",
    "主持",
    "主办",
    "承办",
    "协办",
    "赞助",
    "冠名",
    "担任",
    "出任",
    "就任",
    "任职",
    "兼任",
    "历任",
    "曾任",
    "现任",
    "时任",
    "原任",
    "今后",
    "未来",
    "将来",
    "过去",
    "曾经",
    "已经",
    "正在",
    "即将",
    "将要",
    "仍然",
    "依然",
    "继续",
    "一直",
    "始终",
    "不断",
    "逐步",
    "逐渐",
    "日益",
    "更加",
    "尤其",
    "特别是",
    "尤其是",
    "乃至",
    "甚至",
    "直至",
    "截至",
    "截止",
    "自从",
    "至今",
    "迄今",
    "如今",
    "现在",
    "当时",
    "当前",
    "眼下",
    "此次",
    "本次",
    "这次",
    "上次",
    "首次",
    "再次",
    "多次",
    "每次",
    "为主",
    "为首",
    "为例",
}
# 企业 is part of a name only before these.
AFTER_ENTERPRISE = frozenset(
    [
        "集团",
        "管理",
        "咨询",
        "服务",
        "孵化",
        "发展",
        "研发",
        "联合会",
        "协会",
        "家",
        "家协会",
        "家联合会",
        "总公司",
        "服务中心",
        "研究院",
        "研究会",
        "改革",
        "文化",
        "管理局",
        "局",
        "发展局",
        "创新",
        "商会",
        "联盟",
        "促进会",
        "信用",
        "技术",
    ]
)
# Verbs that stand inside names (统计局, 投资公司, 发展研究中心).
NAME_VERBS = {
    "投资",
    "发展",
    "建设",
    "管理",
    "研究",
    "服务",
    "控股",
    "检测",
    "检验",
    "监督",
    "制造",
    "开发",
    "合作",
    "交易",
    "设计",
    "销售",
    "安全",
    "保护",
    "保障",
    "出版",
    "运输",
    "运行",
    "运营",
    "应急",
    "指挥",
    "防汛",
    "抗旱",
    "评估",
    "咨询",
    "认证",
    "测试",
    "实验",
    "试验",
    "监测",
    "监管",
    "执法",
    "审计",
    "统计",
    "监察",
    "规划",
    "培训",
    "教育",
    "工程",
    "租赁",
    "担保",
    "装饰",
    "安装",
    "维修",
    "印刷",
    "包装",
    "加工",
    "种植",
    "养殖",
    "纺织",
    "采购",
    "招标",
    "拍卖",
    "广播",
    "传播",
    "联合",
    "促进",
    "推广",
    "救援",
    "救助",
    "养护",
    "照明",
    "控制",
    "冶炼",
    "铸造",
    "焊接",
    "驱动",
    "进出口",
    "代理",
    "经营",
    "贸易",
    "创业",
    "孵化",
    "创新",
    "转化",
    "协作",
    "联网",
    "保险",
    "储备",
    "储运",
    "供应",
    "供销",
    "配送",
    "演出",
    "翻译",
    "研发",
    "改革",
    "组织",
    "宣传",
    "统战",
    "信访",
    "仲裁",
    "公证",
    "登记",
    "注册",
    "征收",
    "移民",
    "检疫",
    "防控",
    "防治",
    "防护",
    "预报",
    "预警",
    "观测",
    "勘察",
    "勘探",
    "勘测",
    "测绘",
    "普查",
    "招商",
    "环保",
    "节能",
    "利用",
    "处置",
    "处理",
    "回收",
    "净化",
    "治理",
    "修复",
    "灌溉",
    "供水",
    "供电",
    "供热",
    "排水",
    "发电",
    "输电",
    "配电",
    "变电",
    "核电",
    "航行",
    "飞行",
    "导航",
    "定位",
    "遥感",
    "计算",
    "存储",
    "识别",
    "反垄断",
    "反贪",
    "反恐",
    "扶贫",
    "计划",
    "劳动",
    "体育",
    "旅游",
    "通信",
    "通讯",
    "工会",
    "作战",
    "训练",
    "住房",
    "民航",
    "航空",
    "航天",
    "勘查",
    "化验",
    "鉴定",
    "评价",
    "评审",
    "审查",
    "审批",
    "备案",
    "复审",
    "稽查",
    "督查",
    "督导",
    "巡视",
    "巡察",
    "监理",
    "监制",
    "造价",
    "策划",
    "推介",
    "展览",
    "会展",
    "博览",
    "制片",
    "制作",
    "动漫",
    "文创",
    "收藏",
    "鉴赏",
    "排练",
    "养老",
    "康复",
    "治疗",
    "护理",
    "体检",
    "急救",
    "疗养",
    "保健",
    "生产",
    "出租",
    "出行",
    "快递",
    "速递",
    "搬家",
    "家政",
    "清洗",
    "保洁",
    "环卫",
    "绿化",
    "造林",
    "育种",
    "繁育",
    "屠宰",
    "冷藏",
    "仓储",
    "装卸",
    "起重",
    "吊装",
    "拆船",
    "造船",
    "修船",
    "造纸",
    "炼油",
    "炼钢",
    "轧钢",
    "采矿",
    "选矿",
    "冶金",
    "酿造",
    "酿酒",
    "制药",
    "制糖",
    "制衣",
    "制鞋",
    "印染",
    "染整",
    "织造",
    "精炼",
    "电解",
    "电镀",
    "涂装",
    "合成",
    "复合",
    "融资",
    "贷款",
    "典当",
    "结算",
    "清算",
    "征信",
    "理财",
    "证券",
    "信托",
    "互助",
    "慈善",
    "志愿",
    "公益",
    "调解",
    "学习",
    "演艺",
    "表演",
    "播音",
    "主持",
}


# Dictionary words that are an organisation's last word and a title in one: they would hide where the name ends.
_TITLED = re.compile(
    r"(?:协会|学会|银行|公司|集团|党委|委员会|事务所|研究所|农业部|外交部|卫生部|图书馆)(?:会长|行长|行|书记|律师|职员|员|里|.{1,9}司|渔业局|办公厅)$"
)


@lru_cache(maxsize=4)
def _dictionary(folder: str) -> tuple[Any, dict[str, str]]:
    """A jieba tokenizer with the lexicons' names added, and word -> tag; one per folder of lexicons."""
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    with tokenizer.get_dict_file() as file:
        tags = {word: tag for word, _, tag in (line.decode("utf-8").split() for line in file)}
    from pathlib import Path

    lexicons = Lexicons(Path(folder))
    added = [(name, "ns", 3000) for name in lexicons["places"]]
    added += [(name, "nz", 1000) for name in lexicons["parks"]]
    for lexicon, tag, frequency in (
        ("listed_companies", "nt", 100), ("companies", "nt", 500), ("media", "nt", 500), ("gov_bodies", "nt", 2000)
    ):  # fmt: skip
        added += [(name, tag, frequency) for name in lexicons[lexicon] if _HAN.match(name)]
    for name, tag, frequency in added:
        if name not in tags or tag == "ns" or lexicons["companies"].get(name) == "":
            tokenizer.add_word(name, frequency)
            tags[name] = tag
    for word in [word for word in tags if _TITLED.match(word)]:
        tokenizer.del_word(word)
    return tokenizer, tags


@dataclass(frozen=True)
class Words:
    """An article cut into words.

    Attributes:
        text: The text cut.
        words: The words, in order; together they are the text.
        tags: jieba's tag of each, ``"x"`` for what is in no dictionary.
        starts: Where each starts, in characters, and the length of the text as last entry.
    """

    text: str = field(repr=False)
    words: list[str] = field(repr=False)
    tags: list[str] = field(repr=False)
    starts: list[int] = field(repr=False)

    @cached_property
    def boundaries(self) -> frozenset[int]:
        """All offsets where a word starts or ends."""
        return frozenset(self.starts)

    def containing(self, offset: int) -> int:
        """Index of the word that holds the character at `offset`."""
        return bisect_right(self.starts, offset) - 1

    def starting_from(self, offset: int) -> int:
        """Index of the first word that starts at or after `offset`."""
        return bisect_left(self.starts, offset)


def words_of(article: Article) -> Words:
    """The article's words (worked out once an article)."""
    return article.memo("names.words", _cut)


def _cut(article: Article) -> Words:
    tokenizer, tags = _dictionary(str(article.lexicons.folder))
    words: list[str] = tokenizer.lcut(article.text, HMM=False)
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word)
    starts.append(at)
    return Words(article.text, words, [tags.get(word, "x") for word in words], starts)


def places_of(article: Article) -> Places:
    """The gazetteer (one per folder of lexicons)."""
    return article.memo("names.places", lambda a: _places(a.lexicons))


_PLACES: dict[str, Places] = {}


def _places(lexicons: Lexicons) -> Places:
    key = str(lexicons.folder)
    if key not in _PLACES:
        _PLACES[key] = Places(lexicons["places"])
    return _PLACES[key]


def is_boundary(words: Words, index: int, *, inside: frozenset[str] = frozenset()) -> bool:
    """Whether the word at `index` cannot be part of a name that goes on to its right.

    Args:
        words: The article's words.
        index: The word asked about.
        inside: Words that may stand inside this kind of name although they usually end one (企业 in 企业联合会).
    """
    word, tag = words.words[index], words.tags[index]
    if word == "企业" and index + 1 < len(words.words):
        return words.words[index + 1] not in AFTER_ENTERPRISE
    if word in inside:
        return False
    if not _HAN.match(word[0]):
        return not (_LATIN.fullmatch(word) and any(c.isalpha() or c in "·&-" for c in word)) and not (
            word.isdigit() and _glued_to_latin(words, index)
        )
    if word in BOUNDARY_WORDS:
        return True
    if len(word) > 1 and tag == "nt":
        return False
    if len(word) == 1:
        if word in FUNCTION_CHARACTERS:
            return True
        if word in SOFT_CHARACTERS:
            return not _in_single_run(words, index)
        return tag in (
            "p",
            "c",
            "u",
            "ud",
            "ug",
            "uj",
            "ul",
            "uv",
            "uz",
            "y",
            "r",
            "d",
            "v",
            "e",
            "o",
            "q",
        ) and (not _in_single_run(words, index))
    if tag[0] in "vcpurdye" and tag != "vn":
        return word not in NAME_VERBS
    if tag in ("t", "m", "mq", "q", "i"):
        return not _ORDINAL.match(word)
    return tag == "f" and word not in ("国际", "前沿")


_ORDINAL = re.compile(r"第?[一二三四五六七八九十]+[局院中医厂建冶航化机]?$")


def _glued_to_latin(words: Words, index: int) -> bool:
    around = (
        words.text[max(0, words.starts[index] - 1)]
        + words.text[words.starts[index + 1] : words.starts[index + 1] + 1]
    )
    return any(c.isascii() and c.isalpha() for c in around)


def _in_single_run(words: Words, index: int) -> bool:
    """Whether a neighbouring word is a single character too, so that the two may be a name jieba does not know."""
    for other in (index - 1, index + 1):
        if 0 <= other < len(words.words):
            word = words.words[other]
            if len(word) == 1 and _HAN.match(word) and word not in FUNCTION_CHARACTERS:
                return True
    return False


def left_edge(
    words: Words, index: int, *, limit: int = MAX_NAME, inside: frozenset[str] = frozenset()
) -> int:
    """Index of the first word of the name whose word at `index` is surely part of it.

    Brackets with something short in them are crossed (海尔（天津）市场创新产业园区); other marks are not.
    """
    at, end = index, words.starts[index + 1]
    while at > 0 and end - words.starts[at - 1] <= limit:
        word = words.words[at - 1]
        if word in OPENING:
            opening = next(
                (k for k in range(at - 2, max(-1, at - 8), -1) if words.words[k] == OPENING[word]), None
            )
            if opening is None or opening == 0 or words.starts[at - 1] - words.starts[opening] > 9:
                break
            if any(not _HAN.match(w[0]) for w in words.words[opening + 1 : at - 1]):
                break
            if is_boundary(words, opening - 1, inside=inside) or not _HAN.match(words.words[opening - 1][0]):
                break
            at = opening
            continue
        if is_boundary(words, at - 1, inside=inside):
            break
        at -= 1
    while at < index and words.words[at] in "·&-.—中会能可时当()（）" and len(words.words[at]) == 1:
        if _HAN.match(words.words[at]) and _in_single_run(words, at):
            break
        at += 1
    return at


def has_proper(words: Words, first: int, last: int) -> bool:
    """Whether the words ``first .. last - 1`` hold something that names: a proper noun, Latin, or an unknown word.

    Unknown words are runs of two or more single Chinese characters.
    """
    run = 0
    for k in range(first, last):
        word, tag = words.words[k], words.tags[k]
        if len(word) > 1 and tag in ("ns", "nt", "nz", "nrt", "nr", "nrfg"):
            return True
        if _HAN.match(word[0]):
            run = run + 1 if len(word) == 1 else 0
            if run >= 2:
                return True
        elif word.isascii() and any(c.isalpha() for c in word):
            return True
    return False
