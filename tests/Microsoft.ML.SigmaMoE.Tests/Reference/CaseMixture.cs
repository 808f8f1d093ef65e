namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Reads a mixture from a case's configuration.</summary>
internal static class CaseMixture
{
    public static MixtureOfExpertsOptions Options(CaseSettings settings)
    {
        settings.Require("regulariser_scope", "global", "step");  // the same where a layer is called once a step
        return new()
        {
            ExpertCount = settings.Int("n_experts"),
            ExpertSize = settings.Int("expert_size"),
            ActiveExperts = settings.Int("top_k"),
            Router = Router(settings),
            Activation = CaseOptions.ActivationOf(settings),
            Bias = settings.FlagOr(false, "bias"),
            HiddenDropout = HiddenDropout(settings),
            Initialization = new()
            {
                EqualSelectionRows = settings.FlagOr(
                    false, "normalise_selection_rows_at_init", "normalise_selection_rows", "normalize_expert_sel_init",
                    "moe.norm_expert_sel_init"),
                ExpertScaledAlone = settings.FlagOr(
                    false, "values_init_by_expert_size", "expert_size_init", "moe.expert_size_init"),
                VarianceScale = settings.NumberOr(1, "init_scale", "moe.init_scale"),
            },
        };
    }

    private static RouterOptions Router(CaseSettings settings)
    {
        var router = Selection(settings);
        return router with
        {
            ExpertDropout = settings.NumberOr(0, "expert_dropout", "moe.drop_expert"),
            BalancingWeight = settings.NumberOr(1, "regulariser_multiplier", "reg")
                * settings.NumberOr(0, "regulariser_weight", "reg_weight", "perplexity_reg", "moe.perplexity_reg"),
            Balancing = Balancing(settings, router.Balancing),
        };
    }

    private static RouterOptions Selection(CaseSettings settings)
    {
        var afterTopK = settings.FlagOr(
            false, "selection_activation_after_topk", "activation_after_topk", "moe.activation_after_topk");
        return settings.Text("selection", "selection_mode", "moe.selection_mode") switch
        {
            "sigmoid" => new SigmoidRouterOptions(),
            "softmax" or "gate" when afterTopK => new SoftmaxAfterTopKRouterOptions(),
            "softmax" or "gate" when settings.TextOr("", "regulariser") == "switch" => new SwitchRouterOptions(),
            "softmax" or "gate" => new SoftmaxBeforeTopKRouterOptions(),
            "sinkhorn(train)+sigmoid" or "sinkhorn+sigmoid" or "sinkmoid2" => new SinkhornRouterOptions
            {
                Iterations = settings.IntOr(3, "sinkhorn_iterations", "sinkhorn_n_iters"),
            },
            var other => throw new NotSupportedException($"The selection {other} is not built."),
        };
    }

    /// <summary>Gets whether a case is of the authors' stand-alone layer: some of its choices are others.</summary>
    public static bool IsStandAlone(CaseSettings settings) => settings.Has("weight_std_scale");

    // Which logits the entropy sees is the router's default: the authors' code's. Their stand-alone layer sees all.
    private static BalancingOptions Balancing(CaseSettings settings, BalancingOptions routers) =>
        settings.TextOr("none", "regulariser", "reg_type", "moe.reg_type") switch
        {
            "none" => routers,
            "entropy" when IsStandAlone(settings) => new EntropyBalancingOptions(),
            "entropy" => routers as EntropyBalancingOptions ?? new EntropyBalancingOptions(),
            "switch" => new SwitchBalancingOptions(),
            var other => throw new NotSupportedException($"The regulariser {other} is not built."),
        };

    // A layer gives the probability, a model says only that its own dropout is used here.
    private static double HiddenDropout(CaseSettings settings) =>
        settings.Has("score_dropout") && settings.IsNumber("score_dropout") ? settings.NumberOr(0, "score_dropout")
        : settings.FlagOr(false, "score_dropout") || settings.TextOr("none", "kvmem.dropout", "dropout_mode") == "score"
            || !settings.Has("n_layers") ? settings.NumberOr(0, "dropout")
        : 0;
}
