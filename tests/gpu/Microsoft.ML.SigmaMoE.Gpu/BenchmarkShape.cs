namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>A layer of the paper's kernel figures: 32,768 tokens, K = 4.</summary>
internal sealed record BenchmarkShape(int ModelSize, int Experts, int ExpertSize, int Tokens = 32768, int Active = 4)
{
    /// <summary>
    /// Gets the shapes that the targets name: over E, over G, over d_model; three of them in every other number type
    /// too.
    /// </summary>
    public static IReadOnlyList<BenchmarkShape> Paper { get; } =
    [
        .. new[] { 8, 16, 32, 64, 128, 256 }.Select(experts => new BenchmarkShape(512, experts, 128)),
        .. new[] { 64, 256, 512 }.Select(size => new BenchmarkShape(512, 32, size)),
        new(412, 16, 128), new(412, 128, 128), new(1024, 32, 128),
        .. OthersThanBFloat16.SelectMany(numbers => new[] { (412, 16), (512, 32), (1024, 32) }.Select(sizes =>
            new BenchmarkShape(sizes.Item1, sizes.Item2, 128) { Numbers = numbers })),
    ];

    /// <summary>Gets a shape that takes no time, in every number type.</summary>
    public static IReadOnlyList<BenchmarkShape> Tiny { get; } =
        [.. OthersThanBFloat16.Prepend(TileNumbers.BFloat16).Select(numbers =>
            new BenchmarkShape(40, 4, 24, Tokens: 200, Active: 2) { Numbers = numbers })];

    // a property's initialiser would come too late for those above
    private static TileNumbers[] OthersThanBFloat16 =>
        [TileNumbers.Float16, TileNumbers.FlatFloat16, TileNumbers.TensorFloat32, TileNumbers.Float32];

    /// <summary>Gets what matrices are multiplied of.</summary>
    public TileNumbers Numbers { get; init; } = TileNumbers.BFloat16;

    /// <summary>
    /// Gets whether a GPU multiplies so; of both kinds of float16 it is timed in the one that the library takes there.
    /// </summary>
    public bool RunsOn(int capability) => capability >= Numbers.Capability
        && (Numbers != TileNumbers.FlatFloat16 || capability < TileNumbers.Float16.Capability);

    /// <summary>Gets the sizes as the library has them.</summary>
    public ExpertSizes Sizes => new(Tokens, ModelSize, Experts, ExpertSize, Active, Numbers);

    /// <summary>
    /// Gets the floating-point operations of the experts: two matrices forward, four products backward.
    /// </summary>
    public double Operations(bool backward) => (backward ? 12.0 : 4.0) * Sizes.Slots * ModelSize * ExpertSize;

    /// <summary>
    /// Gets the bytes that must move even if every number moves once: forward x and both weights read, y and the hidden
    /// vectors written; backward dy, x, hidden vectors and weights read, gradients by x, gates and weights written.
    /// </summary>
    public double Bytes(bool backward)
    {
        var (rows, hidden, weights) =
            ((double)Tokens * ModelSize, (double)Sizes.Slots * ExpertSize, (double)Experts * ExpertSize * ModelSize);
        var forward = (4 * rows) + (2 * 4 * weights) + (4 * rows) + (Numbers.ElementBytes * hidden);
        return backward ? forward + (8 * rows) + (Numbers.ElementBytes * hidden) + (2 * 4 * weights) + (4 * rows)
            + (2 * 4 * weights) : forward;
    }

    public override string ToString() =>
        $"d_model {ModelSize}, E {Experts}, G {ExpertSize}, K {Active}, {Tokens} tokens, {Numbers}";
}
