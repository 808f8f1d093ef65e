using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Reads SentencePiece model files.</summary>
internal static class SentencePieceReader
{
    /// <exception cref="FormatException">The bytes are not a SentencePiece model that can be used.</exception>
    public static SentencePieceModel Read(byte[] content)
    {
        var pieces = new List<SentencePiece>();
        var settings = new SentencePieceSettings();
        var reader = new ProtobufReader(content);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case SentencePieceFields.Piece:
                    pieces.Add(ReadPiece(reader, pieces.Count));
                    break;
                case SentencePieceFields.Trainer:
                    settings = ReadTrainer(reader.Bytes, settings);
                    break;
                case SentencePieceFields.Normalizer:
                    settings = ReadNormalizer(reader.Bytes, settings);
                    break;
            }
        }

        var model = new SentencePieceModel(content, pieces, settings);
        model.Check();
        return model;
    }

    private static SentencePiece ReadPiece(in ProtobufReader model, int id)
    {
        var piece = new SentencePiece(string.Empty, SentencePieceType.Normal, TypePosition: 0);
        var reader = new ProtobufReader(model.Bytes);
        while (reader.Read())
        {
            piece = reader.Field switch
            {
                SentencePieceFields.PieceText => piece with { Text = Encoding.UTF8.GetString(reader.Bytes) },
                SentencePieceFields.PieceType => piece with
                {
                    Type = (SentencePieceType)reader.Number,
                    TypePosition = model.Start + reader.Start,
                },
                _ => piece,
            };
        }

        return piece.Text.Length > 0 && Enum.IsDefined(piece.Type)
            ? piece
            : throw new FormatException($"piece {id} is empty or of the unknown type {piece.Type}.");
    }

    private static SentencePieceSettings ReadTrainer(ReadOnlySpan<byte> trainer, SentencePieceSettings settings)
    {
        var reader = new ProtobufReader(trainer);
        while (reader.Read())
        {
            settings = reader.Field switch
            {
                SentencePieceFields.TrainerModelType => settings with { IsUnigram = reader.Number == 1 },
                SentencePieceFields.TrainerSpaceIsSuffix => settings with { SpaceIsSuffix = reader.Number != 0 },
                SentencePieceFields.TrainerByteFallback => settings with { ByteFallback = reader.Number != 0 },
                SentencePieceFields.TrainerUnknownId => settings with { UnknownId = (int)reader.Number },
                SentencePieceFields.TrainerBeginId => settings with { BeginId = (int)reader.Number },
                SentencePieceFields.TrainerEndId => settings with { EndId = (int)reader.Number },
                _ => settings,
            };
        }

        return settings;
    }

    private static SentencePieceSettings ReadNormalizer(ReadOnlySpan<byte> normalizer, SentencePieceSettings settings)
    {
        var reader = new ProtobufReader(normalizer);
        while (reader.Read())
        {
            settings = reader.Field == SentencePieceFields.NormalizerAddsPrefix
                ? settings with { AddsLeadingSpace = reader.Number != 0 }
                : settings;
        }

        return settings;
    }
}
