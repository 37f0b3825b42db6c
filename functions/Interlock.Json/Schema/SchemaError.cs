namespace Interlock.Json.Schema;

/// <summary>
/// One reason why an instance is invalid. Locations are RFC 6901 pointers into the instance and into the schema document
/// (after <c>uri#</c> when that document is a remote one). The message names what was expected and what was found;
/// it quotes at most 40 characters of a value.
/// </summary>
public sealed record SchemaError(string InstanceLocation, string SchemaLocation, string Keyword, string Message);
