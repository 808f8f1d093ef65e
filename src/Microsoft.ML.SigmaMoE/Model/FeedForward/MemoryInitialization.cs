using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The standard deviation of a memory's initial values, beside the layers' gain √(2 / layers).</summary>
[JsonConverter(typeof(EnumNameConverter<MemoryInitialization>))]
public enum MemoryInitialization
{
    /// <summary>1 / √d_model.</summary>
    ByModelSize,

    /// <summary>
    /// 1 / √(number of values): the row "+ init" of the paper's tables, as if the values were a dense layer.
    /// </summary>
    ByValueCount,
}
