using System.Collections.Immutable;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Workflows.Checks;
using Interlock.Json;
using Interlock.Json.Jq;
using Interlock.Json.Schema;

namespace Interlock.Core.Gateway.Routing;

/// <summary>Reads a route's document, YAML or JSON. What it does not know it refuses.</summary>
internal static class RouteReader
{
    private static readonly JsonSchema Schema = JsonSchema.Compile(StrictJson.Parse("""
        { "type": "object", "required": ["version", "targets"], "additionalProperties": false,
          "properties": {
            "version": { "const": 1 },
            "sticky": { "enum": ["run", "caller", "none"] },
            "targets": { "type": "array", "minItems": 1, "maxItems": 32, "items": { "type": "object", "required": ["tool"], "additionalProperties": false, "properties": {
              "tool": { "type": "string", "maxLength": 200, "pattern": "^[^/]+/.+$" },
              "version": { "type": "string", "minLength": 1, "maxLength": 64 },
              "weight": { "type": "integer", "minimum": 0, "maximum": 1000 } } } },
            "prefer": { "$ref": "#/$defs/rules" },
            "avoid": { "$ref": "#/$defs/rules" } },
          "$defs": {
            "rules": { "type": "array", "maxItems": 20, "items": { "type": "object", "required": ["tools"], "additionalProperties": false, "properties": {
              "when": { "type": "string", "minLength": 1, "maxLength": 4096 },
              "tools": { "type": "array", "minItems": 1, "maxItems": 32, "items": { "type": "string", "maxLength": 200, "pattern": "^[^/]+/.+$" } } } } } } }
        """), JsonSchemaOptions.Asserting);

    /// <summary>The route, or what is wrong with it, with the place.</summary>
    public static (RouteBody? Route, string? Error) Read(string text)
    {
        var (document, _, error) = PolicyYaml.Read(text);
        if (document is null) return (null, error?.ToString() ?? "The document is empty.");
        if (Schema.Validate(document) is [var first, ..]) return (null, $"'{first.InstanceLocation}': {first.Message}");
        var route = new RouteBody([.. document["targets"]!.Items.Select(Target)]) // the schema asks for them
        {
            Sticky = document["sticky"] is { } sticky ? Enum.Parse<Stickiness>(sticky.AsString(), ignoreCase: true) : Stickiness.Run,
            Prefer = Rules(document["prefer"]),
            Avoid = Rules(document["avoid"]),
        };
        return Problem(route) is { } wrong ? (null, wrong) : (route, null);
    }

    private static RouteTarget Target(JsonValue target) =>
        new(target["tool"]!.AsString(), target["version"]?.AsString(), (int)(target["weight"]?.AsNumber() ?? RouteTarget.StandardWeight)); // the schema asks for a tool

    private static ImmutableArray<RouteRule> Rules(JsonValue? rules) =>
        [.. rules?.Items.Select(rule => new RouteRule(rule["when"]?.AsString(), [.. rule["tools"]!.Items.Select(pattern => pattern.AsString())])) ?? []]; // the same

    private static string? Problem(RouteBody route)
    {
        if (route.Targets.FirstOrDefault(target => VersionRange.TryParse(target.Version) is null) is { } bad) return $"'{Excerpt.Of(bad.Version!, 64)}' is no version range; write 1.2.3, ^1 or ~1.2."; // none is a range
        if (route.Targets.GroupBy(target => target.ToString(), StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice) return $"'{twice.Key}' stands twice among the targets.";
        if (route.Targets.All(target => target.Weight == 0)) return "Every target's weight is 0: nothing would be called.";
        return Problem("prefer", route.Prefer) ?? Problem("avoid", route.Avoid);
    }

    private static string? Problem(string list, ImmutableArray<RouteRule> rules)
    {
        for (var i = 0; i < rules.Length; i++)
        {
            if (rules[i].When is not { } when) continue;
            if (GateCheck.ReadsTime(when)) return $"'/{list}/{i}/when': it reads the time, and the same call would go another way later.";
            try
            {
                JqProgram.Parse(when);
            }
            catch (JqSyntaxException e)
            {
                return $"'/{list}/{i}/when': {e.Message}";
            }
        }
        return null;
    }
}
