"""Words that say nothing about what a text is about: function words, and what conversation is held together by."""

_ENGLISH = """
a about above after again against ago ain all almost already also although always am among an and another any
anybody anyone anything anyway are aren around as at away back be became because become been before behind being
below beside besides between beyond both but by came can cannot cant come could couldn dear did didn do does
doesn doing don done dont down during each eight either eleven else enough even ever every everybody everyone
everything except few first five for four from further gave get gets getting give given go goes going gone got
had hadn has hasn have haven having he hello hence her here hers herself hey hi him himself his hold how however
hundred i id if im in instead into is isn it its itself ive just keep kept know last least less let like likely
ll long look lot made make makes making many may maybe me mean might mine more most much must mustn my myself
near need needed needs neither never new next nine no nobody none nor not nothing now of off often oh ok okay
old on once one only onto or other others ought our ours ourselves out over own per perhaps please put quite
rather re really right said same saw say says see seem seems seen seven several shall she should shouldn show
since six so some somebody someone something sometimes soon still such sure take taken tell ten than thank
thanks that the their theirs them themselves then there these they thing things think this those though three
through till to together too took toward towards tried try trying twelve two under until up upon us use used
uses using usually ve very want wanted wants was wasn way we well went were weren what whatever when whenever
where whether which while who whole whom whose why will with within without won would wouldn yes yet you your
yours yourself yourselves
"""
_CHINESE = """
我们 你们 他们 她们 它们 咱们 自己 大家 别人 有人 这个 那个 这些 那些 这样 那样 这么 那么 这里 那里 这儿 那儿
哪里 哪儿 哪个 哪些 什么 怎么 怎样 怎么样 如何 为什么 为何 多少 几个 一个 一些 一点 一下 一次 一种 一样 一起
一直 一定 两个 有的 有些 没有 不是 不能 不会 不要 不用 不了 不到 不过 不同 可以 能够 可能 应该 需要 必须 还是
或者 或是 以及 而且 但是 可是 只是 只有 只要 如果 因为 所以 虽然 然后 之后 以后 之前 以前 时候 现在 已经 正在
刚刚 马上 就是 也是 都是 还有 还要 才能 就能 也能 就会 都会 非常 特别 比较 真的 是否 能否 可否 请问 谢谢 您好
你好 麻烦 觉得 知道 看到 想要 告诉 以上 以下 其中 其他 另外 每个 所有 任何 许多 很多 不少 起来 出来 下来 过来
过去 上去 下去 出去 进去 进来 回来 回去 之间 之中 由于 对于 关于 根据 通过 为了 并且 不仅 甚至 尤其 例如 比如
等等 这是 那是 是不 有没 没什 怎么办 怎么回事 的话 来说
"""

ENGLISH = frozenset(_ENGLISH.split())
"""In lower case; of contractions both halves."""
CHINESE = frozenset(_CHINESE.split())

_NEITHER = (
    "的了着得是在和与跟及或而且但则若如因所以于把被将让给使叫从到往由为比按据我你您他她它们这那哪谁其此每各某就都也还又再才只很太更最挺"
    "真不没别未吗呢吧啊呀嘛哦么啦之乎矣即便却并可有个些点儿几两一"
)
"""Characters that stand between words: no word that is found begins or ends with one of them."""
NOT_FIRST = frozenset(_NEITHER + "零二三四五六七八九十百千万")
NOT_LAST = frozenset(_NEITHER + "过地向对要会能想该请上下中里前后时来去说")
"""What begins words (上课, 时间, 来电) and ends hardly any that says what a text is about."""
