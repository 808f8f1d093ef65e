namespace Microsoft.ML.SigmaMoE;

/// <summary>How kernels/routing.cu scores experts and weighs those that it takes.</summary>
internal enum RouteFormula
{
    /// <summary>Scores and weights are σ(logits).</summary>
    Sigmoid,

    /// <summary>Scores and weights are a softmax over all experts.</summary>
    Softmax,

    /// <summary>Scores are logits, weights a softmax over those that were taken.</summary>
    SoftmaxOfChosen,
}
