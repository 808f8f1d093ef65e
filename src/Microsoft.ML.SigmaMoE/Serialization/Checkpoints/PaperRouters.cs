namespace Microsoft.ML.SigmaMoE;

/// <summary>Finds out by the arguments of the paper's code how experts are chosen.</summary>
internal static class PaperRouters
{
    private const string Mode = "moe.selection_mode";
    private const string Regulariser = "moe.reg_type";

    /// <summary>Gets the router, with the balancing and the dropout of experts that the model was trained with.</summary>
    /// <exception cref="NotSupportedException">It is none of the paper's.</exception>
    public static RouterOptions Of(PaperArguments arguments)
    {
        var router = arguments.RequireOneOf(Mode, "sigmoid", "gate", "sinkmoid2") switch
        {
            "gate" when arguments.Int("moe.activation_after_topk") is > 0 => new SoftmaxAfterTopKRouterOptions(),
            "gate" when arguments.Text(Regulariser) == "switch" => new SwitchRouterOptions(),
            "gate" => new SoftmaxBeforeTopKRouterOptions(),
            "sinkmoid2" => new SinkhornRouterOptions(),
            _ => (RouterOptions)new SigmoidRouterOptions(),
        };
        var balancing = arguments.RequireOneOf(Regulariser, "entropy", "switch") == "switch" ? new SwitchBalancingOptions() : router.Balancing;
        return router with
        {
            ExpertDropout = arguments.Double("moe.drop_expert") ?? 0,
            BalancingWeight = arguments.Double("moe.perplexity_reg") ?? 0,
            Balancing = balancing,
        };
    }
}
