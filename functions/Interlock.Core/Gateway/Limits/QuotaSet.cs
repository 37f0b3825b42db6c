using System.Collections.Immutable;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// A tenant's quotas on calls and budgets on their cost, as its document states them (YAML or JSON). Every rule that matches a call must have room for it; the cost of a call is
/// its tool's (<see cref="Registry.ToolSettings.Cost"/>).
/// </summary>
public sealed class QuotaSet
{
    /// <summary>The name of the document's entry among the tenant's policies.</summary>
    public const string EntryName = "quotas";

    private const decimal Micro = 1_000_000;

    private static readonly JsonValue Source = StrictJson.Parse("""
        { "type": "object", "required": ["version"], "additionalProperties": false,
          "properties": {
            "version": { "const": 1 },
            "rules": { "type": "array", "maxItems": 200, "items": { "type": "object", "required": ["id"], "additionalProperties": false, "anyOf": [ { "required": ["calls"] }, { "required": ["cost"] } ],
              "properties": {
                "id": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" },
                "who": { "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false, "properties": {
                  "any": { "const": true }, "user": { "type": "string", "minLength": 1 }, "app": { "type": "string", "minLength": 1 }, "agent": { "type": "string", "minLength": 1 }, "group": { "type": "string", "minLength": 1 } } },
                "per": { "enum": ["caller", "all"] },
                "tools": { "type": "array", "minItems": 1, "maxItems": 200, "items": { "type": "string", "pattern": "^[^/]+/.+$" } },
                "agents": { "type": "array", "minItems": 1, "maxItems": 200, "items": { "type": "string", "minLength": 1 } },
                "calls": { "$ref": "#/$defs/calls" },
                "cost": { "$ref": "#/$defs/cost" } } } },
            "run": { "type": "object", "minProperties": 1, "additionalProperties": false, "properties": {
              "calls": { "type": "integer", "minimum": 1, "maximum": 1000000000 }, "cost": { "type": "number", "exclusiveMinimum": 0, "maximum": 1000000000 } } } },
          "$defs": {
            "calls": { "type": "object", "minProperties": 1, "additionalProperties": false, "properties": {
              "hour": { "type": "integer", "minimum": 1, "maximum": 1000000000 }, "day": { "type": "integer", "minimum": 1, "maximum": 1000000000 }, "month": { "type": "integer", "minimum": 1, "maximum": 1000000000 } } },
            "cost": { "type": "object", "minProperties": 1, "additionalProperties": false, "properties": {
              "day": { "type": "number", "exclusiveMinimum": 0, "maximum": 1000000000 }, "month": { "type": "number", "exclusiveMinimum": 0, "maximum": 1000000000 } } } } }
        """);

    private static readonly JsonSchema Schema = JsonSchema.Compile(Source, JsonSchemaOptions.Asserting);

    private readonly ImmutableArray<Rule> _rules;

    private QuotaSet(ImmutableArray<Rule> rules) => _rules = rules;

    /// <summary>The document, or what is wrong with it, with places.</summary>
    public static (QuotaSet? Quotas, string? Error) Parse(string text)
    {
        var (document, _, error) = PolicyYaml.Read(text);
        if (document is null) return (null, error?.ToString() ?? "The document is empty.");
        if (Schema.Validate(document) is [var first, ..]) return (null, $"'{first.InstanceLocation}': {first.Message}");
        var rules = (document["rules"]?.Items.Select(Read) ?? []).ToList();
        if (rules.GroupBy(rule => rule.Id, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice) return (null, $"'{twice.Key}' is the id of two rules.");
        if (document["run"] is { } run) rules.Add(new Rule("", null, [], IsPerCaller: false, Bounds(run, "calls", QuotaSpan.Run), Bounds(run, "cost", QuotaSpan.Run)));
        return (new QuotaSet([.. rules]), null);
    }

    /// <summary>What a call costs, in millionths of the tenant's unit.</summary>
    internal static long CostOf(ToolSettings tool) => (long)decimal.Ceiling(tool.Cost * Micro);

    /// <summary>What a call takes, and of what.</summary>
    internal IEnumerable<QuotaClaim> Claims(RoutedCall routed, DateTimeOffset now)
    {
        var call = routed.Call;
        var cost = CostOf(routed.Contract.Tool);
        foreach (var rule in _rules.Where(rule => rule.Matches(call, routed.Entry.Name)))
        {
            var scope = rule.Id.Length == 0 ? $"run:{call.Site!.Run}" : $"rule:{rule.Id}:{(rule.IsPerCaller ? call.Chain.Starter.Subject : "")}"; // a rule without an id is a run's
            foreach (var (span, limit) in rule.Calls) yield return new QuotaClaim(rule.Id, scope, span, QuotaWindow.Of(span, now), 1, limit, IsCost: false);
            if (cost == 0) continue;
            foreach (var (span, limit) in rule.Cost) yield return new QuotaClaim(rule.Id, scope, span, QuotaWindow.Of(span, now), cost, limit, IsCost: true);
        }
    }

    private static Rule Read(JsonValue rule)
    {
        var who = rule["who"]?.Members[0] is { Key: not "any" } named ? $"{named.Key}:{named.Value.AsString()}" : null;
        ImmutableArray<(TargetKind, TargetPattern)> targets = [.. Patterns(rule["tools"], TargetKind.Tool), .. Patterns(rule["agents"], TargetKind.Agent)];
        return new Rule(rule["id"]!.AsString(), who, targets, rule["per"]?.AsString() != "all", Spans(rule["calls"], 1), Spans(rule["cost"], Micro)); // the schema asks for an id
    }

    private static IEnumerable<(TargetKind, TargetPattern)> Patterns(JsonValue? list, TargetKind kind) =>
        list?.Items.Select(pattern => (kind, TargetPattern.Parse(kind, pattern.AsString())!)) ?? []; // the schema takes only what parses

    private static ImmutableArray<(QuotaSpan, long)> Spans(JsonValue? bounds, decimal unit) =>
        [.. bounds?.Members.Select(bound => (Enum.Parse<QuotaSpan>(bound.Key, ignoreCase: true), (long)((decimal)bound.Value.AsNumber() * unit))) ?? []];

    private static ImmutableArray<(QuotaSpan, long)> Bounds(JsonValue run, string what, QuotaSpan span) =>
        run[what] is { } bound ? [(span, (long)((decimal)bound.AsNumber() * (what == "cost" ? Micro : 1)))] : [];

    private sealed record Rule(
        string Id, string? Who, ImmutableArray<(TargetKind Kind, TargetPattern Pattern)> Targets, bool IsPerCaller,
        ImmutableArray<(QuotaSpan Span, long Limit)> Calls, ImmutableArray<(QuotaSpan Span, long Limit)> Cost)
    {
        public bool Matches(GatewayCall call, string target)
        {
            if (Id.Length == 0) return call.Site is not null;
            if (!Targets.IsEmpty && !Targets.Any(pattern => pattern.Kind == call.Kind && pattern.Pattern.Matches(target))) return false;
            return Who is null || Who == call.Chain.Starter.Subject || (Who.StartsWith("group:", StringComparison.Ordinal) && IsIn(call.Chain.Starter, Who["group:".Length..]));
        }

        private static bool IsIn(Principal caller, string group) => !caller.Groups.IsDefault && caller.Groups.Contains(group);
    }
}

/// <summary>An amount (calls, or millionths of the cost's unit) to be counted against a limit.</summary>
internal readonly record struct QuotaClaim(string Rule, string Scope, QuotaSpan Span, QuotaWindow Window, long Amount, long Limit, bool IsCost)
{
    /// <summary>The tool whose own bound it is, of no rule.</summary>
    public string? Tool { get; init; }

    /// <summary>The agent elsewhere whose own bound it is.</summary>
    public string? Agent { get; init; }
}
