using System.Reflection;
using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class EnumNameConverterTests
{
    /// <summary>Gets every value of every enumeration that an options record has, by the record's own types.</summary>
    public static TheoryData<Enum> Values => [.. OptionTypes()
        .SelectMany(options => options.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        .Select(property => Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType)
        .Where(type => type.IsEnum)
        .Distinct()
        .SelectMany(type => Enum.GetValues(type).Cast<Enum>())];

    [Theory]
    [MemberData(nameof(Values))]
    public void Value_OfAnyOption_IsWrittenInKebabCaseAndReadInEveryForm(Enum value)
    {
        var json = JsonSerializer.Serialize(value, value.GetType());
        Assert.Matches("^\"[a-z0-9]+(-[a-z0-9]+)*\"$", json);
        foreach (var form in new[] { json, json.ToUpperInvariant(), $"\"{value}\"", $"{Convert.ToInt32(value, null)}" })
        {
            Assert.Equal(value, JsonSerializer.Deserialize(form, value.GetType()));
        }
    }

    [Fact]
    public void Names_AreTheDocumentedOnes()
    {
        Assert.Equal("\"chosen-experts\"", JsonSerializer.Serialize(EntropyScope.ChosenExperts));
        Assert.Equal("\"bfloat16\"", JsonSerializer.Serialize(Precision.BFloat16));
        Assert.Equal("\"tensor-float32\"", JsonSerializer.Serialize(Precision.TensorFloat32));
        Assert.Equal("\"float16\"", JsonSerializer.Serialize(Precision.Float16));
        Assert.Equal("\"gelu-tanh\"", JsonSerializer.Serialize(Activation.GeluTanh));
    }

    [Theory]
    [InlineData("\"float-32\"", "'float-32' is no Precision; it must be one of automatic, float32, bfloat16, tensor-float32, float16.")]
    [InlineData("\"\"", "'' is no Precision")]
    [InlineData("\"0\"", "'0' is no Precision")]
    [InlineData("5", "This number is no Precision")]
    [InlineData("-1", "This number is no Precision")]
    [InlineData("1.5", "This number is no Precision")]
    [InlineData("4294967296", "This number is no Precision")]
    [InlineData("true", "This is no Precision")]
    [InlineData("[1]", "This is no Precision")]
    public void Read_OfSomethingElse_SaysWhatIsKnown(string json, string message) => Assert.Contains(
        message, Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Precision>(json)).Message,
        StringComparison.Ordinal);

    // left to the options' own check, whose message names the option
    [Fact]
    public void Write_OfAValueWithoutAName_WritesItsNumber() =>
        Assert.Equal("9", JsonSerializer.Serialize((SinkhornSigns)9));

    [Fact]
    public void FromJson_OfFilesOfOlderVersions_ReadsTheirNamesAndNumbers()
    {
        var options = LanguageModelOptions.FromJson(
            """
            {"feed_forward": {"kind": "mixture-of-experts", "router": {"kind": "softmax-after-top-k", "balancing": {"kind": "entropy", "scope": 1}}},
             "training": {"on_cancel": "ReturnBest"}, "features": {"pooling": "MeanAndMax"}, "precision": "BFloat16"}
            """);
        var router = Assert.IsType<MixtureOfExpertsOptions>(options.FeedForward).Router;
        Assert.Equal(new EntropyBalancingOptions { Scope = EntropyScope.ChosenExperts }, router.Balancing);
        Assert.Equal(CancellationBehavior.ReturnBest, options.Training.OnCancel);
        Assert.Equal((PoolingKind.MeanAndMax, Precision.BFloat16), (options.Features.Pooling, options.Precision));
        Assert.Contains("\"scope\": \"chosen-experts\"", options.ToJson(), StringComparison.Ordinal);
        Assert.Contains("\"pooling\": \"mean-and-max\"", options.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void FromJson_OfAnUnknownName_NamesIt()
    {
        var fault = Assert.Throws<InvalidDataException>(() => LanguageModelOptions.FromJson("""{"precision": "half"}"""));
        Assert.Contains("'half' is no Precision; it must be one of automatic", fault.Message, StringComparison.Ordinal);
    }

    // what is measured is no part of a model's files
    private static IEnumerable<Type> OptionTypes() => typeof(LanguageModelOptions).Assembly.GetExportedTypes()
        .Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && type != typeof(BenchmarkOptions));
}
