using Microsoft.ML;
using Microsoft.ML.Runtime;
using Microsoft.ML.SigmaMoE;

[assembly: LoadableClass(
    typeof(LanguageModelTransformer),
    typeof(LanguageModelSerializer),
    null,
    typeof(SignatureLoadModel),
    "SigmaMoE language model",
    LanguageModelSerializer.LoaderSignature)]

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Saves a transformer into ML.NET's archive: the options of its columns, and beside them the files of a model folder.
/// ML.NET finds <see cref="Create"/> by the assembly's name and the signature in the archive.
/// </summary>
internal static class LanguageModelSerializer
{
    public const string LoaderSignature = "SigmaMoELanguageModel";

    private static VersionInfo Version => new(
        modelSignature: "SIGMAMOE",
        verWrittenCur: 0x00010001,
        verReadableCur: 0x00010001,
        verWeCanReadBack: 0x00010001,
        loaderSignature: LoaderSignature,
        loaderAssemblyName: typeof(LanguageModelSerializer).Assembly.FullName);

    public static void Save(ModelSaveContext context, ScoringOptions options, LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.CheckAtModel();
        context.SetVersionInfo(Version);
        context.SaveNonEmptyString(options.ToJson());
        model.Save(new ArchiveStreams(context));
    }

    public static LanguageModelTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        context.CheckAtModel(Version);
        var options = ScoringOptions.FromJson(context.LoadNonEmptyString());
        var device = ContextDevice.Choose(environment);
        var model = LanguageModel.Load(new ArchiveStreams(context), device);
        return LanguageModelTransformer.TakeOver(environment, model, options);
    }
}
