using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Attention over two segments, the second with the first as memory.</summary>
internal static class AttentionCase
{
    public static void Run(ReferenceCase reference)
    {
        using var scope = NewDisposeScope();
        using var attention = Build(reference);
        var (first, second) = (Input(reference, "in.x1"), Input(reference, "in.x2"));
        var y1 = attention.Forward(first, first, Positions(first, 0));
        var context = cat([first.detach(), second], 1);
        var y2 = attention.Forward(second, context, Positions(second, first.shape[1]));
        reference.Check("out.y1", y1, Tolerances.Forward);
        reference.Check("out.y2", y2, Tolerances.Forward);
        CheckProbabilities(reference, "out.attention1", attention, first, first);
        CheckProbabilities(reference, "out.attention2", attention, second, context);
        CheckSinusoids(reference);

        var loss = (y1 * reference["in.grad_out1"]).sum() + (y2 * reference["in.grad_out2"]).sum();
        loss.backward();
        reference.Check("out.loss", loss.view(1), Tolerances.Forward);
        reference.Check("grad.in.x1", first.grad!, Tolerances.Gradient);
        reference.Check("grad.in.x2", second.grad!, Tolerances.Gradient);
        CaseWeights.CheckGradients(
            reference, "grad.param.", attention, Tolerances.Gradient, "layers.0.attention.", "layers.0.self_attn.");
    }

    private static RelativeAttention Build(ReferenceCase reference)
    {
        var model = new ModelOptions
        {
            ModelSize = reference.Settings.Int("d_model"),
            HeadCount = reference.Settings.Int("heads"),
            HeadSize = reference.Settings.Int("d_head"),
        };
        using var randomness = new Randomness(1);
        var attention = new RelativeAttention(new(model, ScalarType.Float32, randomness));
        CaseWeights.Load(reference, attention, "layers.0.attention.", "layers.0.self_attn.");
        return attention;
    }

    private static void CheckProbabilities(
        ReferenceCase reference, string name, RelativeAttention attention, Tensor queries, Tensor context)
    {
        var (keys, _) = attention.KeysAndValues(context);
        var probabilities = attention.Probabilities(
            queries, keys, Positions(queries, context.shape[1] - queries.shape[1]));
        reference.Check(name, probabilities, Tolerances.Forward);
    }

    // the case holds r = −2T … +1; ours end at r = 0, and r = 1 is r = −1 with its sines turned round
    private static void CheckSinusoids(ReferenceCase reference)
    {
        var all = reference["out.sinusoid"];
        var wanted = all.narrow(0, 0, all.shape[0] - 1);
        var ours = RelativePositions.Create(new(wanted.shape[0], 0), wanted.shape[1], CPU).Sinusoids;
        reference.Compare(wanted, ours, Tolerances.Forward, "out.sinusoid");
        var before = ours[-2].view(-1, 2);                               // [d_model / 2, 2]
        var after = stack([-before.select(1, 0), before.select(1, 1)], 1).flatten();
        reference.Compare(all[-1], after, Tolerances.Forward, "out.sinusoid");
    }

    private static RelativePositions Positions(Tensor queries, long memory) =>
        RelativePositions.Create(new(queries.shape[1], memory), queries.shape[2], CPU);

    private static Tensor Input(ReferenceCase reference, string name) => reference[name].clone().requires_grad_(true);
}
