from dllab.catalogue import Part, Size


class Accuracy(Part):
    """Share of right answers."""

    name = "accuracy"


class TopK(Part):
    """Share of answers among the k likeliest."""

    name = "top_k"
    main = "k"
    k: Size = 5
