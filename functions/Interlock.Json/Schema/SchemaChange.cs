namespace Interlock.Json.Schema;

/// <summary>
/// One difference between two versions of a schema, at a pointer into the schema it was found in. <c>BreaksCallers</c>:
/// a value valid before may be invalid now. <c>BreaksResults</c>: a value valid now may be invalid under the old schema.
/// </summary>
public sealed record SchemaChange(string Location, bool BreaksCallers, bool BreaksResults, string Explanation);
