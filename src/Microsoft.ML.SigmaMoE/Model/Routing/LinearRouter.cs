using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What the routers of the literature share: logits x · W_sᵀ, and experts that are dropped in training.
/// </summary>
internal abstract class LinearRouter : Router
{
    [ComponentName(Name = "selection")] private readonly Parameter _selection;  // W_s: [experts, d_model]

    private readonly double _dropout;
    private readonly int _active;

    /// <summary>Draws the selection matrix; the derived class registers its components.</summary>
    protected LinearRouter(string name, RouterContext context)
        : base(name, context)
    {
        (_dropout, _active, Randomness) =
            (context.Options.ExpertDropout, context.Mixture.ActiveExperts, context.Block.Randomness);
        _selection = WeightInitialization.Selection(context.Mixture, context.Block);
    }

    /// <summary>Gets where dropout and noise come from.</summary>
    protected Randomness Randomness { get; }

    /// <summary>Gets K.</summary>
    protected int Active => _active;

    /// <summary>Gets whether experts are dropped now.</summary>
    protected bool IsDropping => training && _dropout > 0;

    /// <summary>
    /// Computes x · W_sᵀ for every token, [tokens, experts], never in bfloat16: a wrong choice costs more than the
    /// time.
    /// </summary>
    protected Tensor Logits(Tensor x) => nn.functional.linear(x.flatten(0, 1).to(ScalarType.Float32), _selection);

    /// <summary>Computes what experts are chosen by, [tokens, experts], before any is dropped.</summary>
    /// <param name="x">[batch, time, d_model].</param>
    /// <param name="logits">[tokens, experts]: its logits.</param>
    internal abstract Tensor Scores(Tensor x, Tensor logits);

    /// <summary>Takes the K largest scores of every token after dropping experts.</summary>
    /// <param name="scores">[tokens, experts].</param>
    /// <param name="shape">[batch, time, ..]: how the tokens lie.</param>
    /// <param name="dropped">The score of a dropped expert.</param>
    /// <returns>Both [tokens, K], in the order of top-k.</returns>
    protected (Tensor Scores, Tensor Experts) Choose(Tensor scores, long[] shape, double dropped)
    {
        var left = DropExperts(scores, shape, dropped);
        var (values, indexes) = left.topk(_active, dim: -1, sorted: false);
        return (values, indexes);
    }

    /// <summary>Routes by a GPU's kernels, dropping experts as <see cref="Choose"/> does.</summary>
    /// <param name="formula">How this router scores and weighs.</param>
    /// <param name="x">[batch, time, d_model].</param>
    /// <param name="logits">[tokens, experts]: its logits.</param>
    /// <param name="scores">
    /// [tokens, experts]: what it chooses by, where that does not weigh; null for the formula's own scores.
    /// </param>
    /// <returns>The choices, or null where libtorch's operations have to make them.</returns>
    protected Routing? TryRoute(RouteFormula formula, Tensor x, Tensor logits, Tensor? scores = null)
    {
        if (CudaRoutes.TryCreate(formula, logits, _active) is not { } kernels)
        {
            return null;
        }

        var drawn = IsDropping ? Draw(x.shape, logits) : null;                       // [tokens, experts]
        var route = CudaRouteFunction.Apply(kernels, logits, drawn, _dropout, scores);
        return new(route.Experts, route.Weights, logits) { Counted = route.Counted };
    }

    /// <summary>
    /// Finds the K largest logits of a few tokens on the processor, both [tokens · K]; drops no experts.
    /// </summary>
    protected unsafe (int[] Experts, float[] Logits) ChooseOfFew(Tensor tokens)
    {
        using var local = tokens.contiguous();
        var (count, size) = ((int)_selection.size(0), (int)_selection.size(1));
        var total = (int)(local.numel() / size);
        var (experts, largest, logits) = (new int[total * _active], new float[total * _active], new float[count]);
        for (var token = 0; token < total; token++)
        {
            fixed (float* target = logits)
            {
                RowProducts.Dot(
                    TensorMemory.Of<float>(_selection), count, size, TensorMemory.Of<float>(local) + (long)token * size,
                    target);
            }

            LargestValues.Find(
                logits, experts.AsSpan(token * _active, _active), largest.AsSpan(token * _active, _active));
        }

        return (experts, largest);
    }

    private Tensor DropExperts(Tensor scores, long[] shape, double dropped)
    {
        if (!IsDropping)
        {
            return scores;
        }

        return scores.Fill(Draw(shape, scores).IsBelow(_dropout), dropped);
    }

    private Tensor Draw(long[] shape, Tensor scores) =>
        Randomness.Uniform([shape[0], shape[1], scores.size(1)]).view(scores.shape);
}
