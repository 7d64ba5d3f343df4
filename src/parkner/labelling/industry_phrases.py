"""Field phrases: the words that the INDUSTRY functions decide about (tier 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from parkner.labelling.functions import Article
from parkner.labelling.lexicon import Lexicons, Matcher
from parkner.labelling.words import Words, words_of

# Fields wherever they stand, fields in a context only, and words of the first kind that are to be of the second.
SURE_LEXICONS = ("industry_classification", "industry_emerging")
CONTEXT_LEXICONS = ("industry_products", "industry_mined")
AMBIGUOUS = "industry_ambiguous"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A field word with all that belongs to it.

    Attributes:
        start, end: Characters, suffix included.
        core_end: Where the suffix begins; ``end`` if there is none.
        sure: Whether it names a field wherever it stands.
        field: Whether it names a field at all (能源); a product (水泥) does so only in a context.
        suffix: 产业, 行业, 业 ..., or ``""``.
    """

    start: int
    end: int
    core_end: int
    sure: bool
    field: bool
    suffix: str


# Words before a field word that become part of the field's name, and words behind it that do.
MODIFIERS = frozenset(
    ("现代 高端 先进 智能 智慧 绿色 新型 特色 传统 数字 精密 超精细 特种 专用 通用 民用 工业 工业级 高档 高性能 新一代 未来 海洋 "  # noqa: SIM905
    "生态 节能 环保 新能源 生物 电子 液晶 金属 不锈钢 整体 城市 农村 互联网 移动 网络 云 光 功能 信息 深海 深空 海上 陆上 分布式 "
    "商业 中小 液态 空间 生命 健康 食品 农业 医疗 文化 家用 车用 航空 化学 电力 矿山 石油 数控 交通 建筑 服装 中高端 高技术 高新技术 循环 重载 新型 关键").split()
)  # fmt: skip
HEADS = frozenset(
    ("制造 智造 加工 深加工 精深加工 冶炼 装备制造 设备制造 设备 装备 机械 材料 新材料 零部件 关键零部件 配件 配套件 器械 电子 信息 信息技术 "  # noqa: SIM905
    "技术服务 服务 物流 贸易 商贸 流通 金融 电商 旅游 设计 种植 养殖 发电 制品 产品加工 整车 电池 终端 软件 仪器 仪表 "
    "及零部件 及配件 用品 工业 科技 运输 经济 医药 化工 能源 面料 食品 饮料 家具 照明 显示 通信 纤维 复合材料").split()
)  # fmt: skip
# Heads that make goods of a field: 半导体设备 is a field only where something says so.
GOODS_HEADS = frozenset(
    [
        "设备",
        "终端",
        "仪器",
        "仪表",
        "用品",
        "配件",
        "及配件",
        "零部件",
        "软件",
        "电池",
        "面料",
        "家具",
        "器械",
    ]
)
# What only goods, quantities and virtues have behind them: the word before is no field there.
NO_FIELD_BEHIND = re.compile(
    "[产销储]?(?:量|额|价|率|值得)|产品|商品|销售|出口|进口|零件|价格|供应|供给|需求|装机|机组|产能|库存|消费|设施|原料|废|电站|站|厂[房家]?(?!商)|"
    "车辆?|机床|减排|危机|资源|基础|网络|结构|枢纽|摩擦|面积|伙伴|用户|用品|订单|专利|标准|信贷|补贴|器|机(?![械电器])|板|灯|线|部件|件|"
    "公园|博物馆|大学|学院|学校|医院|人才|工人|技术|设备|专业|课程|职业|能力|水平|服务费|工程师|保护|政策|法|税|险|卡|消纳|新增|续航|监测|装机|功能|中心"
)
_SUFFIX = re.compile(
    r"(?:设备|装备|产品|零部件|材料|制品|用品|及相关)?"
    r"(?:制造|加工|深加工|服务|养殖|种植|开采|采选|冶炼|运输|流通|零售|批发|建筑|印刷|租赁|信息|生产)?(?:产业|行业|工业|业)"
)
# 产业 that begins a longer word is no suffix of the field before it: 装备制造产业集群.
_LONGER_WORD = re.compile(
    "产业(?:链|园|集群|集聚区|带|化|工人|群|区|联盟|城|协会|基金|新城|互联)|工业(?:园|区|城|集中|设计|互联|软件|机器人|母机|品)|"
    "行业(?:协会|商会|分会|联合会)|业(?:[绩务主者界态内户余务]|协会|集团|公司|有限|股份)"
)


@dataclass(frozen=True, slots=True)
class FieldWords:
    """The lexicons of fields, ready to match."""

    words: Matcher
    sure: frozenset[str]
    fields: frozenset[str]
    modifiers: Matcher
    heads: Matcher


@lru_cache(maxsize=4)
def field_words(folder: Path) -> FieldWords:
    """The field words of a folder of lexicons (kept between articles)."""
    lexicons = Lexicons(folder)
    known = {word for name in SURE_LEXICONS for word in lexicons[name]}
    context = {word for name in CONTEXT_LEXICONS for word in lexicons[name]}
    sure = frozenset(known - set(lexicons[AMBIGUOUS]) - context)
    return FieldWords(
        Matcher(known | context), sure, frozenset(known - context), Matcher(MODIFIERS), Matcher(HEADS)
    )


def _suffix_start(text: str, end: int) -> int:
    return end - (2 if text[end - 2 : end] in ("产业", "行业", "工业") else 1)


def suffix_at(text: str, position: int) -> int:
    """End of an industry suffix (产业, 行业, 制造业 ...) that begins at a position; the position if none does."""
    match = _SUFFIX.match(text, position)
    if not match:
        return position
    begin = _suffix_start(text, match.end())
    if _LONGER_WORD.match(text, begin):
        # 装备制造产业集群: 制造 still belongs to the field, 产业 does not.
        return begin if begin > position else position
    return match.end()


def field_phrases(article: Article) -> list[Phrase]:
    """All field phrases of an article, left to right, not overlapping; worked out once an article."""
    return article.memo("industry.phrases", _field_phrases)


def _field_phrases(article: Article) -> list[Phrase]:
    known = field_words(article.lexicons.folder)
    text = article.text
    words = words_of(article)
    out: list[Phrase] = []
    position = 0
    while position < len(text):
        end = known.words.at(text, position)
        start = position
        if end < 0:
            # Modifiers count if a field word follows them at once.
            behind = known.modifiers.at(text, position)
            while 0 <= behind < len(text) and (end := known.words.at(text, behind)) < 0:
                behind = known.modifiers.at(text, behind)
            if end < 0:
                position += 1
                continue
        if start not in words.boundaries and _inside_word(words, start, end):
            position += 1
            continue
        if text[end - 1] == "业" and end - start > 2 and _LONGER_WORD.match(text, _suffix_start(text, end)):
            end = _suffix_start(text, end)  # 电信业 in 电信业务收入
        sure = text[start:end] in known.sure
        field = text[start:end] in known.fields
        while end < len(text) and text[end - 1] != "业":
            longer = max(known.words.at(text, end), known.heads.at(text, end))
            if longer < 0 or suffix_at(text, end) > longer:
                break
            if text[end:longer] in GOODS_HEADS:
                sure = field = text[start:longer] in known.sure
            else:
                sure = sure or text[end:longer] in known.sure or text[start:longer] in known.sure
                field = field or text[end:longer] in known.fields or text[start:longer] in known.fields
            end = longer
        # 农业产业 is one name; 装备制造业产业项目 is not.
        behind = suffix_at(text, end) if text[end - 1] != "业" or end - start == 2 else end
        suffix = text[end:behind]
        if not suffix and text[end - 1] == "业" and end - start > 2:
            suffix = "业"
        out.append(Phrase(start, behind, end, sure, sure or field, suffix))
        position = behind
    return out


def _inside_word(words: Words, start: int, end: int) -> bool:
    """Whether a stretch begins inside a word and cuts it: 会展 in 社会|展开, 电子 in 水电|子公司."""
    index = words.containing(start)
    return end < words.starts[index + 1] or len(words.words[index]) == 2


def noun_run_left(words: Words, index: int, least: int, *, nouns_only: bool = False) -> int:
    """Follows nouns to the left.

    Args:
        words: The words of the article.
        index: Index of a word that is taken already.
        least: Index of the first word that may be taken.
        nouns_only: Take no verbal nouns and adjectives, which may be what is done to the field (重组建材行业).

    Returns:
        Index of the first word of the run of nouns, verbal nouns, adjectives and Latin words that ends before `index`.
    """
    while index > least and is_field_material(words.words[index - 1], words.tags[index - 1]):
        if nouns_only and words.tags[index - 1] not in ("n", "nz", "eng", "j"):
            break
        index -= 1
    return index


# Nouns that say where, whose or how big, never what field.
_NOT_MATERIAL = frozenset(
    ("中国 我国 全国 国内 国外 国际 世界 全球 国家 本地 当地 地区 区域 省内 市内 本土 大陆 内地 海外 整个 相关 有关 其他 其它 主要 重点 重要 传统 "  # noqa: SIM905
    "支柱 主导 优势 特色 新兴 战略性 朝阳 龙头 骨干 关键 基础 上游 下游 上下游 企业 公司 市场 行业 产业 产品 项目 品牌 经济 政府 社会 优质 大型 小型 "
    "中小 中小型 最大 各类 各种 多种 部分 高新技术 高科技 技术 科技 规模 专业 一流 先导 第一 第二 第三 一二 三次 密集型 劳动 资本 劳动密集型 民营 国有 "
    "外资 合资 县域 乡村 村级 富民 集体 实体 未来 前沿 热门 细分 战略 高精尖 高附加值 两大 三大 四大 五大 六大 七大 八大 十大 消费 投资 贸易 竞争 "
    "亚洲 欧洲 非洲 美洲 日本 美国 韩国 德国 法国 英国 俄罗斯 印度 台湾 香港 澳门 等 时代 阶段 期间 时期 大众 百姓 农民 居民 关联 配套 同行 该 全 "
    "百亿 千亿 万亿 亿元 领先 引领 支撑 带动 推动 促进 转型 升级 发展 振兴 调整 培育 整体 推荐 指导 鼓励 扶持 促使 引导 主力 主体 现有 传统型 创新 新 "
    "子 地方 央企 国企 民族 跨境 同类 工业 经济圈 核心 悬念 动能 助力 短板 用户 特殊 外商 外向型 现代化 业态 体系 结构 布局 基地 园区 省 市 县 区 市政府 政府 鞋企 车企 药企 强 大 小 高 低 老 好 热 冷 快 全行业 跨").split()
)  # fmt: skip
_MATERIAL_TAGS = ("n", "nz", "vn", "b", "an", "eng", "ng", "a", "x", "j")
_MATERIAL_VERBS = frozenset(
    ("制造 加工 种植 养殖 冶炼 服务 设计 租赁 印刷 包装 纺织 酿造 铸造 造纸 酿酒 炼焦 发电 运输 装饰 装修 零售 批发 物流 仓储 采矿 开采 采选 勘探 检测 "  # noqa: SIM905
    "检验 认证 环保 节能 回收 通信 导航 显示 照明 储能 输电 输变电 制药 制鞋 制革 制衣 制糖 印染 染整 航运 旅游 餐饮 住宿 娱乐 教育 培训 养老 保健 康养 保险 "
    "信托 证券 控制 焊接 驱动 传动 存储 计算 感知 测控 防护 救援 密封 封装 测试 美容 婚庆 会展 广告 传媒 出版 影视 动漫 游戏 修造 造船 修船 炼油 炼化 拆解").split()
)  # fmt: skip


def is_field_material(word: str, tag: str) -> bool:
    """Whether a word may be part of a field's name that no lexicon has."""
    if word in _NOT_MATERIAL or (word[-1] in "化型性" and len(word) > 2):
        return False
    if tag.startswith("v") and tag != "vn":
        return word in _MATERIAL_VERBS
    if tag == "x":
        return word.isascii() and word.isalnum() and not word.isdigit()
    return tag in _MATERIAL_TAGS
