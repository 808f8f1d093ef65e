namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ProtobufReaderTests
{
    [Fact]
    public void Read_OfEveryTypeOfField_GivesNumberAndPlace()
    {
        byte[] message =
        [
            0x08, 0xAC, 0x02,                                               // 1: 300
            0x11, 1, 2, 3, 4, 5, 6, 7, 8,                                   // 2: eight bytes
            0x1A, 0x02, 0x61, 0x62,                                         // 3: "ab"
            0x25, 1, 2, 3, 4,                                               // 4: four bytes
            0xC0, 0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, // 40: -1
        ];
        var fields = new List<(int Field, long Number, int Start, int Length)>();
        var reader = new ProtobufReader(message);
        while (reader.Read())
        {
            fields.Add((reader.Field, reader.Number, reader.Start, reader.Bytes.Length));
        }

        Assert.Equal([(1, 300, 1, 2), (2, 0, 4, 8), (3, 0, 14, 2), (4, 0, 17, 4), (40, -1, 23, 10)], fields);
    }

    [Theory]
    [InlineData(new byte[] { 0x08 }, "does not end")]
    [InlineData(new byte[] { 0x08, 0xFF }, "does not end")]
    [InlineData(new byte[] { 0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 }, "does not end")]
    [InlineData(new byte[] { 0x11, 1, 2 }, "beyond the end")]
    [InlineData(new byte[] { 0x1A, 0x7F, 1 }, "beyond the end")]
    [InlineData(new byte[] { 0x1A, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 }, "beyond the end")]
    [InlineData(new byte[] { 0x0B }, "no known type")]
    public void Read_OfADamagedMessage_SaysWhatIsWrong(byte[] message, string problem)
    {
        var fault = Assert.Throws<FormatException>(() =>
        {
            var reader = new ProtobufReader(message);
            while (reader.Read())
            {
            }
        });
        Assert.Contains(problem, fault.Message);
    }
}
