"""What is said in the demonstration between a bureau and an enterprise."""

# What the bureau asks of the application that was returned and submitted again: where, of which
# kind, in which words, and what the enterprise answers.
REMARKS = (
    (("factory", "", "", "results"), "missing", "请补充量化数据。", "changed", ""),
    (
        ("results", "indicator_values", "7", ""),
        "wrong",
        "请说明统计口径，并核对建设前后是否同口径。",
        "explained",
        "建设前后均按全年人均产值计算，数据取自年报。",
    ),
    (("scenarios", "instances", "1", "content"), "advice", "建议写明上线时间。", "changed", ""),
)
MENDED = "{product}生产效率提升 18%，交付周期由 21 天缩短到 15 天，不良品率由 2.1% 降至 1.3%。"
