namespace Interlock.Json.Schema;

/// <summary>A schema that cannot be compiled: malformed keyword, unresolved reference, endless reference loop, unsupported pattern or dialect.</summary>
public sealed class JsonSchemaException(string message, string pointer) : Exception(message)
{
    /// <summary>RFC 6901 pointer to the keyword or schema at fault (after <c>uri#</c> in a remote document); empty for the whole schema.</summary>
    public string Pointer { get; } = pointer;
}
