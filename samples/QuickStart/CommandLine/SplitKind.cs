namespace QuickStart;

/// <summary>What stays together when the SDK's documentation is split into training and test.</summary>
internal enum SplitKind
{
    /// <summary>All members of a type: the test has types the model never saw.</summary>
    Type,

    /// <summary>Nothing: overloads of one method may stand on both sides.</summary>
    Member,
}
