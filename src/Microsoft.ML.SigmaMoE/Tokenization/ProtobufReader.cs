namespace Microsoft.ML.SigmaMoE;

/// <summary>Goes through the fields of one protobuf message. Lengths are checked before anything is read.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;
    private int _position;

    /// <summary>Gets the number of the field.</summary>
    public int Field { get; private set; }

    /// <summary>Gets where in the message the field's value starts.</summary>
    public int Start { get; private set; }

    /// <summary>Gets the value of a field that is a number; 0 for others.</summary>
    public long Number { get; private set; }

    /// <summary>Gets the bytes of the field's value.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _message[Start.._position];

    /// <summary>Moves to the next field; false at the end.</summary>
    /// <exception cref="FormatException">The bytes are no protobuf message.</exception>
    public bool Read()
    {
        if (_position == _message.Length)
        {
            return false;
        }

        var key = ReadVarint();
        Field = (int)Math.Min(key >> 3, int.MaxValue);
        Start = _position;
        Number = 0;
        switch (key & 7)
        {
            case 0:
                Number = (long)ReadVarint();
                break;
            case 1:
                Skip(sizeof(long));
                break;
            case 2:
                var length = ReadVarint();
                Start = _position;
                Skip(length);
                break;
            case 5:
                Skip(sizeof(int));
                break;
            default:
                throw new FormatException($"the field at byte {Start} has no known type.");
        }

        return true;
    }

    private void Skip(ulong length)
    {
        if (length > (ulong)(_message.Length - _position))
        {
            throw new FormatException($"the field at byte {_position} goes on for {length} bytes, beyond the end.");
        }

        _position += (int)length;
    }

    private ulong ReadVarint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64 && _position < _message.Length; shift += 7)
        {
            var next = _message[_position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new FormatException($"the number before byte {_position} does not end.");
    }
}
