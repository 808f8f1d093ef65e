using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TrainingOptionsTests
{
    public static TheoryData<TrainingOptions, string> Invalid => new()
    {
        { new() { BatchSize = 0 }, "BatchSize is 0" },
        { new() { GradientAccumulation = 0 }, "GradientAccumulation is 0" },
        { new() { BatchSize = 6, GradientAccumulation = 4 }, "BatchSize 6 cannot be cut into 4" },
        { new() { Workers = 0 }, "Workers is 0" },
        { new() { BatchSize = 12, GradientAccumulation = 2, Workers = 4 }, "BatchSize 12 cannot be cut into 8" },
        { new() { MaxSteps = 0 }, "MaxSteps is 0" },
        { new() { MaxEpochs = -1 }, "MaxEpochs is -1" },
        { new() { MaxDuration = TimeSpan.Zero }, "MaxDuration is 00:00:00" },
        { new() { LearningRate = double.NaN }, "LearningRate is NaN" },
        { new() { LearningRate = 0 }, "LearningRate is 0" },
        { new() { MinimumLearningRate = -1 }, "MinimumLearningRate is -1" },
        { new() { MinimumLearningRate = 1 }, "MinimumLearningRate 1 is above LearningRate 0.001" },
        { new() { WarmupSteps = -1 }, "WarmupSteps" },
        { new() { Beta1 = 1 }, "Beta1 is 1" },
        { new() { Beta2 = -0.1 }, "Beta2 is -0.1" },
        { new() { Epsilon = 0 }, "Epsilon is 0" },
        { new() { WeightDecay = -1 }, "WeightDecay is -1" },
        { new() { ClipNorm = 0 }, "ClipNorm is 0" },
        { new() { ValidationFraction = 1 }, "ValidationFraction is 1" },
        { new() { EvaluationInterval = 0 }, "EvaluationInterval is 0" },
        { new() { EvaluationTokens = 0 }, "EvaluationTokens is 0" },
        { new() { EarlyStoppingPatience = 0 }, "EarlyStoppingPatience is 0" },
        { new() { CheckpointDirectory = " " }, "CheckpointDirectory" },
        { new() { CheckpointDirectory = "x", CheckpointInterval = 0 }, "CheckpointInterval is 0" },
        { new() { CheckpointInterval = 5 }, "need a CheckpointDirectory" },
        { new() { Resume = true }, "need a CheckpointDirectory" },
        { new() { CheckpointPeriod = TimeSpan.FromSeconds(-1) }, "CheckpointPeriod is -00:00:01" },
        { new() { KeepCheckpoints = 0 }, "KeepCheckpoints is 0" },
        { new() { ReportInterval = 0 }, "ReportInterval is 0" },
        { new() { OnCancel = (CancellationBehavior)7 }, "Throw, ReturnCurrent, ReturnBest" },
    };

    [Fact]
    public void Defaults_AreTheDocumentedOnes()
    {
        const string expected = """
            {"BatchSize":16,"GradientAccumulation":1,"Workers":null,"MaxSteps":null,"MaxEpochs":null,"MaxDuration":null,"LearningRate":0.001,
            "MinimumLearningRate":0,"WarmupSteps":null,"Beta1":0.9,"Beta2":0.999,"Epsilon":1E-08,"WeightDecay":0,"ClipNorm":0.25,
            "Shuffle":true,"IndependentDocuments":true,"ValidationFraction":0.05,"EvaluationInterval":250,"EvaluationTokens":65536,
            "EarlyStoppingPatience":null,"RestoreBest":true,"CheckpointDirectory":null,"CheckpointInterval":null,
            "CheckpointPeriod":"00:10:00","KeepCheckpoints":2,"Resume":false,"OnCancel":"throw","ReportInterval":10,"Seed":null}
            """;
        Assert.Equal(expected.ReplaceLineEndings(""), JsonSerializer.Serialize(new TrainingOptions()));
        new TrainingOptions().Validate();
    }

    [Fact]
    public void Json_EveryValueChanged_RoundTrips()
    {
        var options = new TrainingOptions
        {
            BatchSize = 6,
            GradientAccumulation = 2,
            Workers = 3,
            MaxSteps = 1,
            MaxEpochs = 2,
            MaxDuration = TimeSpan.FromMinutes(3),
            LearningRate = 0.5,
            MinimumLearningRate = 0.25,
            WarmupSteps = 4,
            Beta1 = 0.1,
            Beta2 = 0.2,
            Epsilon = 0.3,
            WeightDecay = 0.4,
            ClipNorm = null,
            Shuffle = false,
            ValidationFraction = 0,
            EvaluationInterval = 5,
            EvaluationTokens = null,
            EarlyStoppingPatience = 6,
            RestoreBest = false,
            CheckpointDirectory = "folder",
            CheckpointInterval = 7,
            CheckpointPeriod = null,
            KeepCheckpoints = 8,
            Resume = true,
            OnCancel = CancellationBehavior.ReturnBest,
            ReportInterval = 9,
            Seed = -1,
        };
        Assert.Equal(options, JsonSerializer.Deserialize<TrainingOptions>(JsonSerializer.Serialize(options)));
        options.Validate();
    }

    [Theory]
    [MemberData(nameof(Invalid), DisableDiscoveryEnumeration = true)]
    public void Validate_InvalidValue_NamesItAndItsValue(TrainingOptions options, string message)
    {
        var fault = Assert.ThrowsAny<ArgumentException>(options.Validate);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, false, 2000L)]
    [InlineData(30, null, false, 30L)]
    [InlineData(null, 3, false, 21L)]
    [InlineData(30, 3, false, 21L)]
    [InlineData(20, 3, true, 20L)]
    [InlineData(null, null, true, null)]
    public void StepLimit_AnyLimits_IsTheFirstReached(int? steps, int? epochs, bool timed, long? expected)
    {
        var options = new TrainingOptions { MaxSteps = steps, MaxEpochs = epochs, MaxDuration = timed ? TimeSpan.FromHours(1) : null };
        Assert.Equal(expected, options.StepLimit(stepsPerEpoch: 7));
    }

    [Theory]
    [InlineData(null, 2000L, 100)]
    [InlineData(null, 50L, 5)]
    [InlineData(null, 5L, 0)]
    [InlineData(null, null, 100)]
    [InlineData(70, 50L, 70)]
    public void Schedule_Warmup_IsAtMostATenthUnlessSet(int? warmup, long? steps, int expected) =>
        Assert.Equal(expected, new TrainingOptions { WarmupSteps = warmup }.Schedule(steps).WarmupSteps);
}
