using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Registry;

/// <summary>The JSON Schema of <see cref="AgentSettings"/> as an operator writes them, and where every range of them stands.</summary>
public static class AgentSettingsSchema
{
    /// <summary>The schema as text, without references: it stands inside other schemas.</summary>
    public const string Text = $$"""
        { "type": "object", "additionalProperties": false, "properties": {
          "protocol": { "enum": ["a2a", "mcp", "chat"] },
          "description": { "type": "string", "minLength": 1, "maxLength": 4000, "description": "What a planner is told of it." },
          "tags": { "type": "array", "maxItems": 32, "uniqueItems": true, "items": { "type": "string", "pattern": "^[a-z0-9-]{1,64}$" } },
          "trusted": { "type": "boolean", "description": "Its answers are the operator's own data: reading them is nothing that afterReading of a policy means." },
          "auth": {{SettingsSchema.Auth}},
          "tool": { "type": "string", "pattern": "^[a-z0-9-]{1,48}/[A-Za-z0-9._-]{1,128}$", "description": "server/tool, of an MCP agent." },
          "model": { "type": "string", "pattern": "^[!-~]{1,256}$", "description": "What the endpoint of a chat agent is asked for." },
          "instructions": { "type": "string", "maxLength": 65536, "description": "What a chat agent is told before anything else." },
          "pool": { "type": "object", "additionalProperties": false, "properties": {
            "tools": { "type": "array", "maxItems": 256, "uniqueItems": true, "items": { "type": "string", "maxLength": 200, "pattern": "^([^/:]+/.+|(capability|tag):[a-z0-9-]{1,64})$" } },
            "agents": { "type": "array", "maxItems": 64, "uniqueItems": true, "items": { "type": "string", "pattern": "^(tag:)?[a-z0-9-]{1,64}$" } },
            "workflows": { "type": "array", "maxItems": 64, "uniqueItems": true, "items": { "type": "string", "maxLength": 128, "pattern": "^[a-z0-9-]+/[a-z0-9-]+$" } } } },
          "limits": { "type": "object", "additionalProperties": false, "properties": {
            "steps": { "type": "integer", "minimum": 1, "maximum": 1000 },
            "calls": { "type": "integer", "minimum": 0, "maximum": 10000 },
            "tokens": { "type": "integer", "minimum": 1, "maximum": 1000000000000 },
            "cost": { "type": "number", "exclusiveMinimum": 0, "maximum": 1000000, "description": "In the tenant's unit." },
            "time": { "type": "string", "maxLength": 40, "description": "An ISO 8601 duration such as PT10M, at most 30 days." },
            "consecutiveFailures": { "type": "integer", "minimum": 1, "maximum": 1000 },
            "repeats": { "type": "integer", "minimum": 1, "maximum": 1000 } } },
          "context": { "type": "object", "additionalProperties": false, "properties": {
            "keep": { "type": "integer", "minimum": 1, "maximum": 1000 },
            "maxTokens": { "type": "integer", "minimum": 1000, "maximum": 100000000 },
            "referenceAbove": { "type": "integer", "minimum": 256, "maximum": 1000000 },
            "summarizer": { "type": "string", "pattern": "^[a-z0-9-]{1,48}$", "description": "A registered chat agent." } } },
          "prices": { "type": "object", "required": ["input", "output"], "additionalProperties": false, "description": "What a million tokens cost, in the tenant's unit.", "properties": {
            "input": { "type": "number", "minimum": 0, "maximum": 1000000 },
            "output": { "type": "number", "minimum": 0, "maximum": 1000000 } } },
          "maxOutputTokens": { "type": "integer", "minimum": 1, "maximum": 1000000 } } }
        """;

    internal static JsonSchema Compiled { get; } = JsonSchema.Compile(StrictJson.Parse(Text), JsonSchemaOptions.Asserting);
}
