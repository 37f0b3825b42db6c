using Interlock.Core.Workflows;
using Interlock.Json.Schema;

namespace Interlock.Core.Runs;

/// <summary>What a document makes of a raw output: <c>output</c> and <c>export</c>, each with its schema.</summary>
internal readonly record struct Shaping(Template? OutputAs, JsonSchema? OutputSchema, Template? ExportAs, JsonSchema? ExportSchema);
