using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Makes cases of kind "train": every loss, rate and gradient norm of a run in float64, and the final weights.
/// </summary>
internal sealed class TrainCaseMaker
{
    private readonly TrainSpec _spec;
    private readonly CaseTensors _tensors;
    private readonly Dictionary<string, Tensor> _weights;
    private readonly Dictionary<string, (Tensor First, Tensor Second)> _moments = [];
    private readonly Dictionary<string, List<double>> _series = [];

    private TrainCaseMaker(TrainSpec spec, int seed)
    {
        (_spec, _tensors) = (spec, new(seed));
        _weights = ExactWeights.Model(spec.Model, spec.Block, spec.Vocabulary, _tensors);
    }

    public static (JsonObject Config, CaseTensors Tensors, double Margin) Make(TrainSpec spec, int seed) =>
        new TrainCaseMaker(spec, seed).Run();

    private (JsonObject Config, CaseTensors Tensors, double Margin) Run()
    {
        var time = _spec.Model.SegmentLength;
        var training = _tensors.AddTokens(
            "in.train_tokens", _spec.Vocabulary, _spec.Batch * _spec.StepsPerEpoch * time + 1);
        var validation = _tensors.AddTokens("in.valid_tokens", _spec.Vocabulary, _spec.Batch * 3 * time + 1);
        Note("out.valid_loss", Validate(validation, out var margin));
        var model = new ExactModel(_spec.Model, _spec.Block, _weights);
        for (var step = 0; step < _spec.Steps; step++)
        {
            Train(model, training, step);
        }

        Note("out.valid_loss", Validate(validation, out var after));
        _series.ToList().ForEach(series => _tensors.Add(series.Key, tensor(series.Value.ToArray())));
        _weights.ToList().ForEach(weight => _tensors.Add($"out.final.{weight.Key}", weight.Value));
        return (Config(), _tensors, new[] { margin, after, model.Margin }.Min());
    }

    private void Train(ExactModel model, Tensor tokens, int step)
    {
        using var scope = NewDisposeScope();
        var place = step % _spec.StepsPerEpoch;
        if (place == 0)
        {
            model.Forget();
        }

        var rows = ModelCaseMaker.Cut(tokens, _spec.Batch, place, _spec.StepsPerEpoch, _spec.Model.SegmentLength);
        var (loss, balancing) = Losses(model, rows);
        var total = balancing is null ? loss : loss + balancing;
        var trained = _weights.Where(weight => weight.Value.requires_grad).ToList();
        var gradients = autograd.grad([total], [.. trained.Select(weight => weight.Value)], allow_unused: true);
        var norm = Math.Sqrt(gradients.Sum(gradient => gradient.pow(2).sum().item<double>()));
        Note("out.loss", loss.item<double>());
        Note("out.lr", _spec.RateAt(step));
        Note("out.grad_norm", norm);
        var factor = Math.Min(1, _spec.ClipNorm / (norm + 1e-6));
        foreach (var (weight, gradient) in trained.Zip(gradients))
        {
            Move(weight.Key, gradient * factor, step);
        }

        model.Memory.ToList().ForEach(memory => memory.MoveToOuterDisposeScope());
    }

    private (Tensor Loss, Tensor? Balancing) Losses(ExactModel model, Tensor rows)
    {
        var time = rows.shape[1] - 1;
        var (logits, blocks) = model.Read(rows.narrow(1, 0, time), training: true);
        var loss = ExactModel.Loss(logits, rows.narrow(1, 1, time)).mean();
        if (_spec.Block is not MixtureOfExpertsOptions mixture)
        {
            return (loss, null);
        }

        var sum = blocks.Select(block => ExactMixture.Balancing(mixture, [block])).Aggregate((all, one) => all + one);
        Note("out.reg_loss", sum.item<double>());
        Note("out.reg_loss_weighted", sum.item<double>() * mixture.Router.BalancingWeight);
        return (loss, sum * mixture.Router.BalancingWeight);
    }

    // AdamW without decay, the moments corrected for their start at 0
    private void Move(string name, Tensor gradient, int step)
    {
        var (first, second) = _moments.GetValueOrDefault(name, (zeros_like(gradient), zeros_like(gradient)));
        first = first * _spec.Beta1 + gradient * (1 - _spec.Beta1);
        second = second * _spec.Beta2 + gradient.pow(2) * (1 - _spec.Beta2);
        var (one, two) = (1 - Math.Pow(_spec.Beta1, step + 1), 1 - Math.Pow(_spec.Beta2, step + 1));
        var change = first / one / ((second / two).sqrt() + _spec.Epsilon) * _spec.RateAt(step);
        _weights[name] = (_weights[name] - change).detach().requires_grad_(true).MoveToOuterDisposeScope();
        _moments[name] = (first.detach().MoveToOuterDisposeScope(), second.detach().MoveToOuterDisposeScope());
    }

    private double Validate(Tensor tokens, out double margin)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var model = new ExactModel(_spec.Model, _spec.Block, _weights);
        var (time, steps) = (_spec.Model.SegmentLength, 3);
        var losses = Enumerable.Range(0, steps).Select(step =>
        {
            var rows = ModelCaseMaker.Cut(tokens, _spec.Batch, step, steps, time);
            var (logits, _) = model.Read(rows.narrow(1, 0, time), training: false);
            return ExactModel.Loss(logits, rows.narrow(1, 1, time)).mean().item<double>();
        });
        var mean = losses.Average();
        margin = model.Margin;
        return mean;
    }

    private void Note(string name, double value)
    {
        _series.TryAdd(name, []);
        _series[name].Add(value);
    }

    private JsonObject Config()
    {
        var plain = CaseSetting.Plain(_spec.Model, _spec.Block, _spec.Vocabulary, _spec.Batch);
        (plain["optimiser"], plain["lr"], plain["eps"], plain["weight_decay"]) =
            ("AdamW", _spec.LearningRate, _spec.Epsilon, 0.0);
        plain["betas"] = new JsonArray(_spec.Beta1, _spec.Beta2);
        (plain["grad_clip_norm"], plain["warmup_steps"], plain["regulariser_multiplier"]) =
            (_spec.ClipNorm, _spec.WarmupSteps, 1.0);
        (plain["stop_after"], plain["steps"], plain["steps_per_epoch"]) =
            (_spec.StopAfter, _spec.Steps, _spec.StepsPerEpoch);
        return new() { ["kind"] = "train", ["plain"] = plain, ["n_params"] = _weights.Values.Sum(weight => weight.numel()) };
    }
}
