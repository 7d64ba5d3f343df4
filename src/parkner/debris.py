"""Lines of a crawled text that are not the article: menus, share buttons, related links, footers (tier 1).

They are never cut out of a plain text, since offsets are on the user's own file: they are ranges that labelling,
training and prediction skip. The same rules clean the lines that an extractor took for a page's article.

An article is a head (menu, title, byline, buttons), a body of sentences, and a tail. A line of nothing but furniture
(``【打印】【关闭】``) is debris anywhere; a breadcrumb or search box makes debris of all above it in the head, and a
heading such as 相关阅读 or a copyright line makes debris of all below it in the tail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from parkner.heads import is_byline, lines_of
from parkner.spans import Document

# Words of buttons and counters. A line that holds nothing else (marks and numbers aside) is furniture.
_BUTTONS = (
    "分享到 分享至 分享 转发 微信好友 朋友圈 微信扫一扫 微信 微博 新浪微博 腾讯微博 QQ空间 QQ好友 人人网 "
    "豆瓣 复制链接 更多 打印本页 打印文章 打印 关闭窗口 关闭本页 关闭 收藏本页 加入收藏 收藏 置顶 返回顶部 "
    "回到顶部 顶部 返回列表 返回首页 返回 字体大小 字体 字号 大 中 小 默认 放大 缩小 语音播报 语音朗读 "
    "听全文 听新闻 朗读 播放 暂停 纠错 我要纠错 举报 点赞 赞 评论 网友评论 发表评论 我来说两句 参与评论 "
    "条评论 浏览次数 浏览量 浏览 阅读次数 阅读量 阅读数 阅读 点击量 点击次数 点击数 点击 次 人气 "
    "扫一扫在手机打开当前页面 扫一扫在手机打开当前页 扫一扫手机打开当前页 扫一扫 扫码 用手机 手机打开当前页 手机看 "
    "手机版 二维码 长按识别 关注我们 关注 下载 附件下载 展开全文 展开 收起 查看更多 点击查看更多 加载更多 "
    "加载中 阅读全文 阅读原文 查看原文 原文链接 全文 正文 登录 注册 搜索 站内搜索 首页 网站首页 设为首页 "
    "上一页 下一页 尾页 末页 上一篇 下一篇 没有了 分享让更多人看到 让更多人看到 无障碍 无障碍浏览 长者模式 "
    "关怀版 繁体 简体 English 收听 小编 编辑 A+ A- T大 T小 正常 特大 调整 用微信扫描二维码 "
    "扫描二维码 二维码 至好友和朋友圈 易信 视频加载中 请稍候 原标题 作者 来源 保存 微信公众号 公众号 客户端 "
    "APP 我要评论 责任编辑 发布 切换 "
)
_WORDS = re.compile("|".join(re.escape(word) for word in sorted(_BUTTONS.split(), key=len, reverse=True)))
_MARKS = re.compile(r"[\s\d\W_]+")
# Byline words alone ("来源:") are an empty byline, part of the article's head as long as something stands behind them.

_IMAGE = re.compile(r"[\w\-. ()（）]{1,60}\.(?:png|jpe?g|gif|bmp|webp|mp4)", re.IGNORECASE)
_COUNTER = re.compile(r"(?:\d[\d,.]{0,9}\s*[KkWw万]?\+?\s*){1,3}")
# Above the title: all before such a line is the site's head.
_NAVIGATION = re.compile(
    r"(?:您|你)?(?:的)?(?:当前|现在|所在)的?位置(?:是|为)?\s*[:：]?|^位置\s*[:：]|^站内搜索|^今天是|^(?:网站)?首页\s*(?:[>》›»→/|\-_ ]|$)|^搜索\s*[:：]?$|^热门搜索|^热搜"
    r"|^(?:主菜单|网站导航|导航|菜单|Menu)$|^欢迎(?:您|你)?(?:登[陆录]|访问|光临|来到)|^加入收藏|^设为首页|^无障碍|^长者",
    re.IGNORECASE,
)
# Headings of lists of links. Newspapers put background under the same words, in running text: that is the article's.
_RELATED = re.compile(
    r"^[【\[▼▪●■◆★>》\s]*"
    r"(?:相关|热门|推荐|延伸|精彩|最新|热点|更多|猜你|为您?你?推荐|大家都在|往期|编辑|今日|本周|图片|专题|头条|其他|其它|同类|近期)"
    r"(?:的|\s*[·•|]\s*)?(?:阅读|新闻|链接|文章|报道|推荐|资讯|内容|信息|喜欢|看|回顾|排行榜?|排名|热点|热搜|专题|点击|产品|评论|关注|稿件|动态|视频|案例|话题|标签|精选|热文)|^[【\[▼▪●■◆★>》\s]*(?:阅读|点击|浏览|人气)(?:排行|排名|榜)"
)
# Below the body: all from such a line on is the site's tail, unless running text follows.
_TAIL = re.compile(
    r"^[【\[▼▪●■◆★>》\s]*(?:"
    r"(?:上|下|前|后)(?:一|1)?(?:篇|条|页|则|个)(?:文章|新闻)?\s*[:：]|上一篇|下一篇|上一条|下一条|前一篇|后一篇"
    r"|分享到|分享让|分享至|分享\s*[:：]?$|扫一扫|扫码|扫描二维码|长按|关注(?:我们|公众号|微信)|微信扫|我来说两句|网友评论|发表评论|最新评论|评论区|友情链接|网站地图|网站声明"
    r"|报告分类|标签\s*[:：]|上一主题|返回|【?打印|特别声明|免责声明|版权声明|郑重声明|声明\s*[:：]|法律声明|隐私"
    r"|(?:主管|主办|承办|协办|技术支持|运维|运营|网站管理)(?:单位)?\s*[:：]|(?:网站)?标识码|建议使用|最佳浏览|地址\s*[:：].{0,60}(?:邮编|电话|邮政)|关于我们|联系我们|人才招聘|广告服务|网站首页"
    r"|查看原文|阅读原文|原文链接|文章转载自|\(?更新时间戳|(?:文章)?关键[词字]\s*[:：]|我要反馈|作者(?:最新|其他)文章|【1】\s*【2】|(?:正文|本文)已?(?:结束|完)"
    r")"
    r"|版权所有|Copyright|©|All\s*Rights?\s*Reserved|[A-Z]?ICP[备证]|公网安备|网站标识码|网安备"
    r"|(?:官方|手机)(?:微信|微博|公众号|客户端|APP)|(?:微信|QQ|交流|采购|商圈)群?\s*(?:QQ)?号?\s*[:：]?\s*\d{6,}|QQ\s*[:：]?\s*\d{6,}|网上有害信息|违法和不良信息|举报(?:电话|邮箱|中心)|客服(?:电话|热线)"
    r"|(?:20\d\d)?\s*[（(]第.{1,3}届[)）].{2,40}(?:评选|评价|推介|颁奖|盛典)",
    re.IGNORECASE,
)
# The site speaks of itself; paragraphs about copyright suits lack such words.
# Readers' comments, which run as the article does: everything from here on is theirs.
_COMMENTS = re.compile(
    r"^(?:网友|全部|最新|最热|热门|精彩|新闻|文章|用户|所有)(?:评论|跟[帖贴]|留言)(?:区|列表|内容)?\s*(?:[(（]?\d[\d,]*\s*条?[)）]?|[:：])?$"
    r"|^(?:评论|跟[帖贴]|留言)(?:区|列表|\s*[(（]?\d[\d,]*\s*条?[)）]?)$"
    r"|^(?:我要|我来|发表|写|查看|查看更多|更多|最热|最新)(?:评论|反馈|说两句|留言)|\d\s*条(?:评论|跟[帖贴])|人参与|^文明上网|^登录后(?:才能|可以)?(?:发表)?评论"
)
_END = re.compile(r"^[【\[（(]?(?:责任编辑|责编|编辑)\s*[:：]")
_DISCLAIMER = re.compile(
    r"转载请?.{0,6}注明|注明.{0,8}(?:来源|出处)|(?:不得|禁止|谢绝|请勿|未经.{0,12})转载|版权归|版权所有|免责声明|不代表本|不代表.{0,8}(?:观点|立场)"
    r"|(?:不构成|仅供).{0,16}(?:建议|参考).{0,40}(?:风险|本[网站文])|本[网站文平].{0,60}(?:侵权|转载|版权|删除|不构成|仅供参考)"
    r"|(?:侵权|版权).{0,30}(?:联系|删除|告知)|文责自负|有害信息|ICP[备证]",
    re.IGNORECASE,
)
_SENTENCE = re.compile("[。！？；，、]")
_PRESS = re.compile(r"(?:来源|稿源|作者|记者|通讯员|编辑|责编|供稿|摄影|审核|校对|图/|文/)")


@lru_cache(maxsize=4096)
def _simple(line: str) -> str:
    from parkner.clean import simplify_character

    return line if line.isascii() else "".join(map(simplify_character, line))


def is_furniture(line: str) -> bool:
    """Whether a line (in simplified characters, without white space at its ends) is only buttons, counters or an
    image's name."""
    if len(line) > 80:
        return False
    if _IMAGE.fullmatch(line):
        return True
    line = "".join(line.split())  # 置 顶 打 印
    return _WORDS.search(line) is not None and not _MARKS.sub("", _WORDS.sub("", line))


def is_navigation(line: str) -> bool:
    """Whether a line (in simplified characters) is a breadcrumb, a bar of links or a search box of a site's head."""
    return len(line) <= 120 and (_NAVIGATION.search(line) is not None or _is_link_bar(line))


def is_running_text(line: str) -> bool:
    """Whether a line is a paragraph of sentences (and no disclaimer)."""
    return (
        len(line) >= 30
        and _SENTENCE.search(line) is not None
        and (line[-1] in "。！？；…：”’）)!?;:」』】" or len(line) >= 60)
        and not is_disclaimer(line)
    )


def is_disclaimer(line: str) -> bool:
    """Whether a line (in simplified characters) is the site's word on copyright and liability."""
    return len(line) <= 260 and _DISCLAIMER.search(line) is not None


def debris_lines(
    lines: Sequence[str], *, keep: int | None = None, linked: Sequence[bool] | None = None
) -> list[bool]:
    """Which lines of a text are not article text.

    Args:
        lines: All lines; white space at their ends does not matter.
        keep: Number of a line that is known to be the title: it is not debris.
        linked: Whether links stand just below each line, where that is known (pages).

    Returns:
        A flag a line; blank lines between two debris lines are debris as well.
    """
    stripped = [line.strip().strip("\u3000\ufeff\u200b") for line in lines]
    body = [number for number, line in enumerate(stripped) if is_running_text(line)]
    # Only short lines, and those outside the body, are ever debris: only they are worth simplifying.
    simple = [
        _simple(line)
        if len(line) <= 160 and (len(line) <= 40 or not body or not body[0] < n < body[-1])
        else ""
        for n, line in enumerate(stripped)
    ]
    out = [bool(line) and n not in body and is_furniture(line) for n, line in enumerate(simple)]
    filled = [n for n, line in enumerate(stripped) if line]
    first = body[0] if body else (filled[-1] + 1 if filled else 0)
    last = body[-1] if body else (_last_of_head(simple, filled))
    _mark_head(simple, out, first)
    _mark_tail(simple, stripped, out, last, set(body), linked)
    if keep is not None:
        out[keep] = False
    # A blank line goes with its neighbours.
    for n, line in enumerate(stripped):
        if not line:
            out[n] = n > 0 and out[n - 1]
    return out


def _last_of_head(simple: list[str], filled: list[int]) -> int:
    """Without any running text (a headline and a caption): the tail begins behind the second line."""
    for n in filled:
        if is_byline(simple[n]):
            return n
    return filled[0] if filled else 0


def _mark_head(simple: list[str], out: list[bool], first: int) -> None:
    bylines = [n for n in range(first) if simple[n] and is_byline(simple[n])]
    stop = bylines[0] if bylines else first
    for n in range(stop):
        if simple[n] and len(simple[n]) <= 120 and _NAVIGATION.search(simple[n]):
            out[: n + 1] = [True] * (n + 1)
    # A menu: at least four short lines in a row without marks, above the title.
    run: list[int] = []
    for n in range(stop + 1):
        line = simple[n] if n < len(simple) else ""
        if n < stop and line and len(line) <= 8 and not re.search(r"[\d:：，。]", line):
            run.append(n)
        elif n == stop or line:
            # The last of them may be the title where the byline follows.
            chosen = run if n < stop else run[:-1]
            if len(run) >= 4:
                for k in chosen:
                    out[k] = True
            run = []
    for n in range(first):
        if (
            simple[n]
            and (_COUNTER.fullmatch(simple[n]) or _is_link_bar(simple[n]))
            and not is_byline(simple[n])
        ):
            out[n] = True


def is_tail(line: str) -> bool:
    """Whether a line (in simplified characters) begins the site's own matter below an article."""
    return _TAIL.search(line) is not None or _RELATED.search(line) is not None or is_disclaimer(line)


def _is_link_bar(line: str) -> bool:
    """``首页 | 新闻 | 园区`` or ``首页 > 新闻 > 正文``: short names between at least two marks."""
    parts = [part.strip() for part in re.split(r"[|｜>》›»]", line)]
    return (
        len(parts) >= 3
        and all(len(part) <= 14 for part in parts)
        and not re.search(r"[：:]\s*\S|\d{4}", line)
    )


def _mark_tail(
    simple: list[str],
    stripped: list[str],
    out: list[bool],
    last: int,
    body: set[int],
    linked: Sequence[bool] | None,
) -> None:
    count = len(simple)
    # Running text up to each line, to weigh what stands above a heading against what stands below.
    weight = [0]
    for n, line in enumerate(stripped):
        weight.append(weight[-1] + (len(line) if n in body else 0))
    for n in range(count):
        line = simple[n]
        if not line or n in body or len(line) > 60 or not weight[n]:
            continue
        above, below = weight[n], weight[-1] - weight[n]
        if _COMMENTS.search(line):
            cut = True
        elif len(line) <= 30 and n > count // 4 and _RELATED.search(line):
            cut = _is_list(stripped, body, n) or (linked is not None and linked[n])
        elif len(line) <= 30 and n > count // 4 and is_tail(line):
            cut = below <= above / 2 or _is_list(stripped, body, n)
        elif _END.match(line):
            # What follows the editor's name is not the article's; the name itself is.
            if below <= above / 2 and not any(_PRESS.match(s) for s in simple[n + 1 : n + 3]):
                out[n + 1 :] = [True] * (count - n - 1)
                return
            continue
        else:
            continue
        if cut:
            out[n:] = [True] * (count - n)
            return
    for n in range(last + 1, count):
        if simple[n] and (out[n] or is_tail(simple[n])) and not _PRESS.match(simple[n]):
            out[n:] = [True] * (count - n)
            return


def _is_list(stripped: list[str], body: set[int], at: int) -> bool:
    """Whether what stands below a line is mostly short lines."""
    below = [n for n in range(at + 1, len(stripped)) if stripped[n]]
    return len(below) >= 6 and sum(n in body for n in below) <= 0.3 * len(below)


def debris_ranges(text: str) -> list[tuple[int, int]]:
    """Ranges of whole lines of a plain text (characters, end exclusive, sorted, not touching) that are no article text."""
    places = list(lines_of(text))
    flags = debris_lines([text[start:end] for start, end in places])
    return _joined(place for place, flag in zip(places, flags, strict=True) if flag)


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for start, end in ranges:
        if out and start <= out[-1][1] + 2:  # a line break, or \r\n, in between
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        elif start < end:
            out.append((start, end))
    return out


def article_ranges(document: Document) -> list[tuple[int, int]]:
    """The ranges of a document's text that are article text: all but ``meta["debris"]`` (characters, end exclusive)."""
    out = []
    at = 0
    for start, end in document.meta.get("debris") or ():
        if at < start:
            out.append((at, start))
        at = max(at, end)
    if at < len(document.text):
        out.append((at, len(document.text)))
    return out
