using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What all passes of one call read, in whatever number type: the sorted tokens and the memory of tensors, which
/// outlive the call. Tensors that are not contiguous are copied, into the scope in which a call is created.
/// </summary>
internal abstract unsafe class ExpertCall
{
    private readonly int[] _slots;
    private readonly int _active;
    private readonly float* _gates;

    // [experts, G] and [tokens · K, G] by slot, or null
    private readonly float* _bias;
    private readonly float* _mask;

    protected ExpertCall(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask)
    {
        (Batch, Shape, _slots, _active) = (batch, ExpertShape.Of(inputs), batch.SlotOrder, batch.Active);
        TokenCount = inputs.Tokens.size(0);
        _gates = Pointer(inputs.Gates);
        _bias = Pointer(inputs.UpBias);
        _mask = Pointer(mask);
    }

    public ExpertShape Shape { get; }

    public ExpertBatch Batch { get; }

    public long TokenCount { get; }

    /// <summary>Gets the memory of a tensor, or of a copy in the caller's scope; null for none.</summary>
    public static float* Pointer(Tensor? tensor) => TensorMemory.Of<float>(tensor?.contiguous());

    public int SlotAt(int position) => _slots[position];

    public long TokenAt(int position) => _slots[position] / _active;

    public float GateAt(int position) => _gates[_slots[position]];

    public float* MaskAt(int position) => _mask == null ? null : _mask + (long)_slots[position] * Shape.ExpertSize;

    public float* BiasOf(int expert) => _bias == null ? null : _bias + (long)expert * Shape.ExpertSize;

    /// <summary>Gives each thread some tokens of its own.</summary>
    /// <param name="work">
    /// Gets the first of them, their end, and the stretches of sorted positions that they stand at.
    /// </param>
    public void ByTokens(Action<long, long, List<TokenShare>> work)
    {
        var threads = (int)Math.Min(CpuWork.Threads, Math.Max(1, TokenCount / 16));
        CpuWork.Run(threads, threads, thread =>
        {
            var (first, end) = (TokenCount * thread / threads, TokenCount * (thread + 1) / threads);
            work(first, end, TokenShare.Of(Batch, first, end, ExpertShape.TileRows));
        });
    }
}
