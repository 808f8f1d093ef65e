using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What Σ_e f_e P_e is multiplied by.</summary>
[JsonConverter(typeof(EnumNameConverter<SwitchLossScale>))]
public enum SwitchLossScale
{
    /// <summary>
    /// 1 / E: the σ-MoE authors' code takes the mean over tokens and experts. Perfect balance gives 1 / E². For the
    /// same weight this is E² times weaker than the Switch paper's loss, although the σ-MoE paper's text gives that
    /// one.
    /// </summary>
    AuthorsCode,

    /// <summary>E, as the Switch paper has it. Perfect balance gives 1.</summary>
    SwitchPaper,
}
