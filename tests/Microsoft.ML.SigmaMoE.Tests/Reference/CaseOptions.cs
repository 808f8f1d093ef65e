using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Reads a case's configuration into the library's options, from the configuration alone.</summary>
internal static class CaseOptions
{
    public static ModelOptions Model(CaseSettings settings)
    {
        settings.Require("tied_embedding", "false");
        settings.Require("embedding_scale", "1", "1.0");
        settings.Require("layer_norm_eps", "1e-05", "1E-05", "0.00001");
        settings.Require("norm_before_output", "true");
        settings.Require("output_bias", "true");
        var segment = settings.IntOr(256, "unroll");
        return new()
        {
            ModelSize = settings.Int("d_model"),
            LayerCount = settings.IntOr(1, "n_layers"),
            HeadCount = settings.IntOr(1, "n_heads"),
            HeadSize = settings.Has("d_head") ? settings.Int("d_head") : null,
            SegmentLength = segment,
            MemoryLength = segment * settings.IntOr(1, "memory_segments_train"),
            EvaluationMemoryLength = segment * settings.IntOr(1, "memory_segments_eval"),
            SameLengthEvaluation = settings.FlagOr(false, "same_length_eval"),
            Dropout = settings.NumberOr(0, "dropout"),
        };
    }

    /// <summary>Reads the feed-forward block. Layers name no block, but each block has settings of its own.</summary>
    public static FeedForwardOptions FeedForward(CaseSettings settings)
    {
        if (settings.Has("n_experts"))
        {
            return CaseMixture.Options(settings);
        }

        if (settings.Has("n_sub_keys", "n_keys"))
        {
            return Memory(settings);
        }

        return settings.Has("topk", "k") ? TopK(settings) : new DenseOptions
        {
            HiddenSize = settings.Int("d_ff"),
            Activation = ActivationOf(settings),
        };
    }

    public static Activation ActivationOf(CaseSettings settings) => settings.TextOr("relu", "activation") switch
    {
        "relu" => SigmaMoE.Activation.Relu,
        "gelu" => SigmaMoE.Activation.Gelu,
        "gelu_new" => SigmaMoE.Activation.GeluTanh,
        "silu" or "swish" => SigmaMoE.Activation.Silu,
        var other => throw new NotSupportedException($"The activation {other} is not built."),
    };

    private static TopKOptions TopK(CaseSettings settings)
    {
        settings.Require("activation", "relu");
        return new()
        {
            HiddenSize = settings.Int("d_ff"),
            ActiveChannels = settings.Int("topk", "k"),
            RankByContribution = settings.FlagOr(false, "topk_use_norm", "use_norm"),
        };
    }

    private static ProductKeyMemoryOptions Memory(CaseSettings settings) => new()
    {
        SubKeyCount = settings.Int("n_sub_keys", "n_keys"),
        HeadCount = settings.Int("heads", "pkm_heads"),
        NearestKeys = settings.IntOr(128, "knn"),
        QueryProjection = settings.FlagOr(false, "query_projection", "kvmem.linproj"),
        Activation = settings.Text("activation") switch
        {
            "relu" => MemoryActivation.Relu,
            "softmax" => MemoryActivation.Softmax,
            var other => throw new NotSupportedException($"A memory with the activation {other} is not built."),
        },
        Initialization = settings.IntOr(0, "custom_init", "pkm.custom_init") switch
        {
            0 => MemoryInitialization.ByModelSize,
            5 => MemoryInitialization.ByValueCount,
            var other => throw new NotSupportedException($"The memory initialisation {other} is not built."),
        },
    };
}
