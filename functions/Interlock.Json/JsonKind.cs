namespace Interlock.Json;

/// <summary>The six kinds of JSON value, booleans apart as RFC 8259 names their literals. The order is jq's sort order.</summary>
public enum JsonKind
{
    Null,
    False,
    True,
    Number,
    String,
    Array,
    Object,
}
