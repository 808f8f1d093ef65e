using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A part of a step.</summary>
/// <param name="Contender">Does it once.</param>
/// <param name="Count">How often a step has it.</param>
internal sealed record StepPart(Contender Contender, int Count)
{
    /// <summary>Makes of what it took once what it takes in a step.</summary>
    public BenchmarkResult InAStep(BenchmarkResult once) => once with
    {
        Name = Count == 1 ? once.Name : $"{once.Name} × {Count}",
        Milliseconds = Count * once.Milliseconds,
        LowerQuartile = Count * once.LowerQuartile,
        UpperQuartile = Count * once.UpperQuartile,
    };
}

/// <summary>
/// Makes the parts of a step, each with weights and inputs of its own, as large as they are in a step.
/// </summary>
internal sealed class StepPartMaker(BenchmarkOptions options, Tensor[] batches, Disposables setups)
{
    private const int Norms = 2 * TrainingStep.LayerCount + 1;

    private readonly ModelOptions _model = TrainingStep.Model(options);
    private readonly Randomness _randomness = setups.Add(new Randomness(2));
    private readonly long _rows = batches[0].shape[0];

    /// <summary>Makes all parts of a step.</summary>
    public IEnumerable<StepPart> Make(FeedForwardOptions block, ScalarType type)
    {
        var context = new BlockContext(_model, type, _randomness);
        yield return new(Attention(context), TrainingStep.LayerCount);
        yield return new(FeedForward(block, context), TrainingStep.LayerCount);
        yield return new(Norm(type), Norms);
        yield return new(Embedding(type), 1);
        yield return new(Output(type), 1);
        var step = setups.Add(new TrainingStep(options, block, type));
        step.Backward(batches[0]).Dispose();
        yield return new(Part("gradient norm", type, _ => GradientNorm.Of(step.Optimizer.Gradients())), 1);
        yield return new(Part("AdamW", type, _ => step.Optimizer.Step(TrainingStep.LearningRate)), 1);
    }

    private Contender Attention(BlockContext context)
    {
        var attention = setups.Add(SigmaMoE.Attention.Create(context));
        var positions = SegmentPositions.Create(_model, new(TrainingStep.SegmentLength, 0), CPU);
        return Through(
            "attention with projections", context.ComputeType, [.. attention.parameters()],
            x => attention.Forward(x, x, positions));
    }

    private Contender FeedForward(FeedForwardOptions block, BlockContext context)
    {
        var layer = setups.Add(SigmaMoE.FeedForward.Create(block, context));
        return Through(
            "feed-forward block", context.ComputeType, [.. layer.parameters()], x => layer.forward(x).Hidden);
    }

    private Contender Norm(ScalarType type)
    {
        var norm = setups.Add(nn.LayerNorm(_model.ModelSize, _model.NormalizationEpsilon));
        return Through("layer norm", type, [.. norm.parameters()], norm.forward);
    }

    private Contender Embedding(ScalarType type)
    {
        var matrix = Matrix();
        var gradient = _randomness.Normal([_rows * TrainingStep.SegmentLength, _model.ModelSize]);
        return Part("embedding", type, repetition =>
        {
            var tokens = batches[repetition % batches.Length].narrow(1, 0, TrainingStep.SegmentLength).flatten();
            matrix.index_select(0, tokens).backward([gradient]);
            matrix.grad = null;
        });
    }

    private Contender Output(ScalarType type)
    {
        var (matrix, bias) = (Matrix(), new Parameter(zeros(TrainingStep.VocabularySize)));
        var hidden = _randomness.Normal([_rows * TrainingStep.SegmentLength, _model.ModelSize]);
        return Part("output layer and loss", type, repetition =>
        {
            var targets = batches[repetition % batches.Length].narrow(1, 1, TrainingStep.SegmentLength).flatten();
            OutputLoss.Apply(hidden.detach().requires_grad_(), matrix, bias, targets, new(type)).backward();
            (matrix.grad, bias.grad) = (null, null);
        });
    }

    private Parameter Matrix() =>
        new(_randomness.Normal([TrainingStep.VocabularySize, _model.ModelSize]).Times(1 / Math.Sqrt(_model.ModelSize)));

    // Forward and backward through what keeps the shape, [batch, T, d_model].
    private Contender Through(string name, ScalarType type, Parameter[] parameters, Func<Tensor, Tensor> forward)
    {
        Tensor[] inputs =
            [.. batches.Select(_ => _randomness.Normal([_rows, TrainingStep.SegmentLength, _model.ModelSize]))];
        return Part(name, type, repetition =>
        {
            var input = inputs[repetition % inputs.Length];
            forward(input.detach().requires_grad_()).backward([input]);
            Array.ForEach(parameters, parameter => parameter.grad = null);
        });
    }

    private static Contender Part(string name, ScalarType type, Action<int> run)
    {
        void Once(int repetition)
        {
            using var scope = NewDisposeScope();
            run(repetition);
        }

        return new(name, Contender.Word(type), Once);
    }
}
