namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Addresses of a layer's inputs on the device, float32: what <see cref="ExpertInputs"/> holds as tensors.
/// </summary>
internal readonly record struct ExpertAddresses(nint Tokens, nint Gates, nint Up, nint Down, nint UpBias);

/// <summary>
/// One call of the experts on a device, forward and, with what that left, backward: the sequence of launches that
/// kernels/README.md describes. It knows addresses only, no tensors.
/// </summary>
internal sealed class CudaExpertLayer
{
    private readonly DeviceKernels _kernels;
    private readonly ExpertSizes _sizes;
    private readonly ExpertAddresses _inputs;
    private readonly HiddenStep _step;
    private readonly CudaTile _tile;
    private readonly SortedSlots _sorted;
    private readonly nint _tokens;
    private readonly nint _up;
    private readonly nint _down;

    /// <summary>Sorts the tokens and arranges tokens and weights. The device is current.</summary>
    /// <param name="kernels">The device's kernels.</param>
    /// <param name="sizes">The layer.</param>
    /// <param name="inputs">What to compute with.</param>
    /// <param name="counted">The router's choices.</param>
    /// <param name="memory">Where memory comes from; it stays until after the backward pass.</param>
    /// <param name="kept">The weights as kernels read them, where that is kept.</param>
    /// <param name="step">What is done to hidden vectors; ReLU alone unless given.</param>
    public CudaExpertLayer(
        DeviceKernels kernels,
        ExpertSizes sizes,
        in ExpertAddresses inputs,
        CountedAddresses counted,
        IDeviceMemory memory,
        ArrangedWeights? kept = null,
        HiddenStep step = default)
    {
        (_kernels, _sizes, _inputs, _step) = (kernels, sizes, inputs, step);
        _tile = CudaTile.ForTokens(sizes, kernels.Device.SharedBytes);
        _sorted = SortedSlots.Sort(
            kernels, sizes, _tile.Rows, sizes.ChunkBlocks(kernels.Device.CacheBytes), counted, memory);
        _tokens = ArrangedRows.Of(kernels, sizes, inputs.Tokens, sizes.Tokens, memory);
        var weights = kept ?? ArrangedWeights.Of(kernels, sizes, inputs, memory);
        (_up, _down) = (weights.Up, weights.Down);
    }

    private TileNumbers Numbers => _sizes.Numbers;

    private string Forwards => $"expert_forward.{Numbers.Name}";

    private string Backwards => $"expert_backward.{Numbers.Name}";

    /// <summary>
    /// Computes the hidden vectors, [N · K, hidden stride], behind them as many slopes where the backward pass needs
    /// them, and y, [N, D] float32.
    /// </summary>
    /// <param name="hidden">The address of the hidden vectors.</param>
    /// <param name="output">The address of y.</param>
    /// <param name="memory">Where memory comes from; it need not stay longer than this call.</param>
    public void Forward(nint hidden, nint output, IDeviceMemory memory)
    {
        var (tiles, count) = _sorted.List(0);
        _kernels[Forwards, $"expert_up_{_tile.Suffix}"].Launch(
            (long)_sorted.Capacity * Across(_sizes.HiddenStride), _tile.Threads, _tile.UpBytes,
            _tokens, _up, _inputs.UpBias, hidden, _sorted.Slots, tiles, count, _sizes.Active, _sizes.ExpertSize,
            _sizes.Stride,
            _sizes.HiddenStride, _step.IsApart ? 1 : 0);
        if (_step.IsApart)
        {
            _kernels[Forwards, $"activate_{Numbers.Element}"].Launch(
                ExpertSizes.Blocks(_sizes.Slots * ((_sizes.HiddenStride + 1) / 2)), 256, 0,
                hidden, Slopes(hidden), _step.Mask, _sorted.Slots, _sizes.Slots, _sizes.ExpertSize, _sizes.HiddenStride,
                (int)_step.Activation);
        }

        SumOverChoices(hidden, _down, _inputs.Gates, output, memory);
    }

    /// <summary>Computes all gradients from that of y.</summary>
    /// <param name="gradient">The address of [N, D].</param>
    /// <param name="hidden">The address that <see cref="Forward"/> was given.</param>
    /// <param name="by">The addresses of the results.</param>
    /// <param name="memory">Where memory comes from; it need not stay longer than this call.</param>
    public void Backward(nint gradient, nint hidden, in ExpertAddresses by, IDeviceMemory memory)
    {
        var arriving = ArrangedRows.Of(_kernels, _sizes, gradient, _sizes.Tokens, memory);
        var byRaw = memory.Allocate(_sizes.Slots * _sizes.HiddenStride * Numbers.ElementBytes);
        var gated = memory.Allocate(_sizes.Slots * _sizes.HiddenStride * Numbers.ElementBytes);
        var (tiles, count) = _sorted.List(0);
        _kernels[Backwards, $"expert_hidden_gradient_{_tile.Suffix}"].Launch(
            _sorted.Capacity, _tile.Threads, _tile.HiddenBytes,
            arriving, _down, hidden, Slopes(hidden), _inputs.Gates, byRaw, gated, by.Gates, _sorted.Slots, tiles, count,
            _sizes.Active,
            _sizes.ExpertSize, _sizes.Stride, _sizes.HiddenStride);
        SumOverChoices(byRaw, _up, 0, by.Tokens, memory);
        ByWeights(arriving, byRaw, gated, by, memory);
        if (by.UpBias != 0)
        {
            _kernels[Backwards, $"expert_bias_gradient_{Numbers.Element}"].Launch(
                (long)_sizes.Experts * ((_sizes.ExpertSize + 31) / 32), 256, 256 * sizeof(float),
                byRaw, by.UpBias, _sorted.Offsets, _sorted.Chunks, _sizes.ExpertSize, _sizes.HiddenStride);
        }
    }

    // chunk by chunk: what the choices add is still in the cache when it is added up
    private void SumOverChoices(nint rows, nint weights, nint gates, nint output, IDeviceMemory memory)
    {
        var (multiply, sum) =
            (_kernels[Forwards, $"expert_down_{_tile.Suffix}"], _kernels[Forwards, $"sum_choices_{Numbers.Element}"]);
        var parts = memory.Allocate(Math.Min(_sorted.ChunkTokens, _sizes.Tokens) * _sizes.PartBytes);
        for (var chunk = 0; chunk < _sorted.Chunks; chunk++)
        {
            var first = chunk * _sorted.ChunkTokens;
            var tokens = Math.Min(_sorted.ChunkTokens, _sizes.Tokens - first);
            var (tiles, count) = _sorted.List(1 + chunk);
            multiply.Launch(
                (long)_sizes.TileCapacity(tokens, _tile.Rows) * Across(_sizes.Stride), _tile.Threads, _tile.DownBytes,
                rows, weights, gates, parts, _sorted.Slots, tiles, count, _sizes.ExpertSize, _sizes.Stride,
                _sizes.HiddenStride,
                first * _sizes.Active);
            sum.Launch(
                ExpertSizes.Blocks(((_sizes.ModelSize + 1L) / 2) * tokens), 256, 0,
                parts, output + (nint)((long)first * _sizes.ModelSize * sizeof(float)), tokens, _sizes.Active,
                _sizes.ModelSize,
                _sizes.Stride);
        }
    }

    private void ByWeights(nint arriving, nint byRaw, nint gated, in ExpertAddresses by, IDeviceMemory memory)
    {
        var tile = CudaTile.ForNeurons(_sizes, _kernels.Device.SharedBytes);
        var along = (_sizes.ExpertSize + tile.Rows - 1) / tile.Rows;
        var across = (_sizes.ModelSize + tile.Columns - 1) / tile.Columns;
        var blocks = 2L * _sizes.Experts * along * across;
        var parts = CudaTile.Parts(_sizes, blocks, _kernels.Device.Multiprocessors);
        var size = (long)_sizes.Experts * _sizes.ExpertSize * _sizes.ModelSize;
        var (up, down) = parts == 1
            ? (by.Up, by.Down)
            : (memory.Allocate(parts * size * sizeof(float)), memory.Allocate(parts * size * sizeof(float)));
        _kernels[Backwards, $"expert_weight_gradient_{tile.Suffix}"].Launch(
            blocks * parts, tile.Threads, tile.WeightBytes,
            byRaw, gated, _tokens, arriving, up, down, _sorted.Slots, _sorted.Offsets, _sizes.Experts,
            _sorted.Chunks, _sizes.Active, _sizes.ExpertSize, _sizes.ModelSize, _sizes.Stride, _sizes.HiddenStride,
            parts);
        if (parts > 1)
        {
            SumParts(up, by.Up, parts, size);
            SumParts(down, by.Down, parts, size);
        }
    }

    private void SumParts(nint partial, nint result, int parts, long size) =>
        _kernels[Backwards, "sum_parts"].Launch(ExpertSizes.Blocks(size), 256, 0, partial, result, parts, size);

    private nint Slopes(nint hidden) =>
        _step.NeedsSlopes ? hidden + (nint)(_sizes.Slots * _sizes.HiddenStride * Numbers.ElementBytes) : 0;

    private int Across(int columns) => (columns + _tile.Columns - 1) / _tile.Columns;
}
