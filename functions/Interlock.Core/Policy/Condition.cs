using System.Globalization;
using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Core.Policy;

/// <summary>A <c>when</c> over a call: jq, which gives one boolean or has failed.</summary>
internal static class Condition
{
    private static readonly JqLimits Limits = new() { Steps = 100_000, Depth = 128, OutputBytes = 1024 * 1024 };

    /// <summary>Whether it holds; null, and why in a few words that quote no argument, when it fails. Without one it holds.</summary>
    public static (bool? Holds, string Why) Evaluate(JqProgram? when, Lazy<JsonValue> input, DateTimeOffset now)
    {
        if (when is null) return (true, "");
        try
        {
            var scope = JqScope.Empty with { Now = now, Limits = Limits };
            return when.Evaluate(input.Value, scope).Take(2).ToList() switch
            {
                [{ IsBoolean: true } holds] => (holds.AsBoolean(), ""),
                [var other] => (null, $"gave {Named(other)} where a boolean belongs"),
                [] => (null, "gave nothing where a boolean belongs"),
                _ => (null, "gave several results where one boolean belongs"),
            };
        }
        catch (JqException)
        {
            return (null, "failed on this call"); // its message may quote arguments
        }
        catch (JqLimitException e)
        {
            return (null, $"went over its limit of {e.Limit}");
        }
    }

    /// <summary>What it sees of a call.</summary>
    public static JsonValue Input(PolicyRequest request)
    {
        var starter = request.Chain.Starter;
        return JsonValue.Object(
            ("target", request.Target),
            ("kind", request.Kind == TargetKind.Tool ? "tool" : "agent"),
            ("arguments", request.Arguments),
            ("starter", JsonValue.Object(
                ("id", starter.Id),
                ("groups", JsonValue.Array((starter.Groups.IsDefault ? [] : starter.Groups).Select(JsonValue.From))),
                ("roles", JsonValue.Array((starter.Roles.IsDefault ? [] : starter.Roles).Select(JsonValue.From))))),
            ("workflow", request.Workflow ?? JsonValue.Null),
            ("task", request.Task?.Value ?? JsonValue.Null),
            ("now", request.Now.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)));
    }

    private static string Named(JsonValue value) => value.Kind switch
    {
        JsonKind.Null => "null",
        JsonKind.Number => "a number",
        JsonKind.String => "a string",
        JsonKind.Array => "an array",
        _ => "an object",
    };
}
