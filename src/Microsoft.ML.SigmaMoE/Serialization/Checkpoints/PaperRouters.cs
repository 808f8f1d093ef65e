namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Finds out how experts are chosen: by the arguments of the paper's code, or by tensors that one router alone has.
/// </summary>
internal static class PaperRouters
{
    private const string Mode = "moe.selection_mode";
    private const string Regulariser = "moe.reg_type";
    private const string Block = "layers.0.pkm.";

    /// <summary>
    /// Gets the router, with the balancing and the dropout of experts that the model was trained with; null where the
    /// arguments name none.
    /// </summary>
    /// <exception cref="NotSupportedException">It is none of the paper's.</exception>
    public static RouterOptions? Of(PaperArguments arguments)
    {
        if (arguments.Text(Mode) is null)
        {
            return null;
        }

        var router = arguments.RequireOneOf(Mode, "sigmoid", "gate", "sinkmoid2") switch
        {
            "gate" when arguments.Int("moe.activation_after_topk") is > 0 => new SoftmaxAfterTopKRouterOptions(),
            "gate" when arguments.Text(Regulariser) == "switch" => new SwitchRouterOptions(),
            "gate" => new SoftmaxBeforeTopKRouterOptions(),
            "sinkmoid2" => new SinkhornRouterOptions(),
            _ => (RouterOptions)new SigmoidRouterOptions(),
        };
        var balancing = arguments.RequireOneOf(Regulariser, "entropy", "switch") == "switch"
            ? new SwitchBalancingOptions()
            : router.Balancing;
        return router with
        {
            ExpertDropout = arguments.Double("moe.drop_expert") ?? 0,
            BalancingWeight = arguments.Double("moe.perplexity_reg") ?? 0,
            Balancing = balancing,
        };
    }

    /// <summary>
    /// Gets the router that the tensors name: two of this library's have tensors that nothing else has. Else null.
    /// </summary>
    public static RouterOptions? ByTensors(ICheckpoint checkpoint) =>
        checkpoint.Tensors.ContainsKey($"{Block}expert_noise") ? new NoisyTopKRouterOptions()
        : checkpoint.Tensors.ContainsKey($"{Block}expert_loss_free_bias") ? new LossFreeRouterOptions()
        : checkpoint.Tensors.Keys.FirstOrDefault(IsOfAnother) is { } own ? throw new ArgumentException(
            $"'{checkpoint.Path}' has the tensor '{own}' of a router of somebody's own. Name it in "
            + "ImportOptions.FeedForward.")
        : null;

    private static bool IsOfAnother(string tensor) => tensor.StartsWith($"{Block}router.", StringComparison.Ordinal);
}
