using System.Collections.Concurrent;
using System.Reflection;
using System.Text;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Samples.DemoServers;

/// <summary>
/// An OpenAI-compatible endpoint whose models say what <c>samples/models/NAME.json</c> says: <c>{ "turns": [ TURN, … ] }</c>. A turn has <c>say</c>, <c>calls</c> (name and
/// arguments) and <c>tokens</c> ([in, out]), or is a list of such, of which the first counts whose <c>if</c> occurs in what came since the model spoke last. Which turn it is follows from the request
/// alone, how often the model has spoken in it, so that a repeated request gets the same answer; after the last turn it is repeated.
/// </summary>
internal sealed class ScriptedModels(DemoState state)
{
    private const int MaxBody = 4 * 1024 * 1024;

    private readonly ConcurrentDictionary<string, JsonValue?> _scripts = new(StringComparer.Ordinal);

    public async Task HandleAsync(HttpContext context)
    {
        JsonValue request;
        try
        {
            request = await JsonBody.ReadAsync(context, MaxBody);
        }
        catch (NotIJsonException e)
        {
            await FailAsync(context, StatusCodes.Status400BadRequest, e.Message);
            return;
        }
        var model = request["model"]?.StringOrNull() ?? "";
        if (_scripts.GetOrAdd(model, Load)?["turns"] is not { IsArray: true } turns)
        {
            await FailAsync(context, StatusCodes.Status404NotFound, $"There is no model '{model}'.");
            return;
        }
        if (request["messages"] is not { IsArray: true } messages)
        {
            await FailAsync(context, StatusCodes.Status400BadRequest, "messages is missing.");
            return;
        }
        var spoken = messages.Items.Count(IsOwn);
        state.Record(new($"model {model}", JsonValue.Object(("turn", spoken + 1), ("messages", messages.Count)), null, Repeated: false));
        await JsonBody.WriteAsync(context, Completion(model, spoken, Turn(turns, messages, spoken), request));
    }

    private static JsonValue Turn(JsonValue turns, JsonValue messages, int spoken)
    {
        var turn = turns[Math.Min(spoken, turns.Count - 1)]!; // a script has a turn
        if (!turn.IsArray) return turn;
        var since = string.Concat(messages.Items.Reverse().TakeWhile(message => !IsOwn(message)).Select(message => message["content"]?.StringOrNull()));
        return turn.Items.First(one => one["if"] is not { } text || since.Contains(text.AsString(), StringComparison.Ordinal)); // the last one has none
    }

    private static bool IsOwn(JsonValue message) => message["role"]?.StringOrNull() == "assistant";

    private static JsonValue Completion(string model, int spoken, JsonValue turn, JsonValue request)
    {
        var calls = (turn["calls"] ?? JsonValue.EmptyArray).Items;
        var message = JsonValue.Object(("role", "assistant"), ("content", turn["say"] ?? JsonValue.Null));
        if (calls.Count > 0)
        {
            message = message.With("tool_calls", JsonValue.Array(calls.Select((call, i) => JsonValue.Object(
                ("id", $"call_{spoken + 1}_{i + 1}"), ("type", "function"),
                ("function", JsonValue.Object(("name", call["name"] ?? ""), ("arguments", Arguments(call))))))));
        }
        var (read, written) = (turn["tokens"]?[0]?.AsNumber() ?? Estimate(request), turn["tokens"]?[1]?.AsNumber() ?? Estimate(message));
        return JsonValue.Object(
            ("id", $"chatcmpl-{spoken + 1}"), ("object", "chat.completion"), ("created", 0), ("model", model),
            ("choices", JsonValue.Array(JsonValue.Object(("index", 0), ("message", message), ("finish_reason", calls.Count > 0 ? "tool_calls" : "stop")))),
            ("usage", JsonValue.Object(("prompt_tokens", read), ("completion_tokens", written), ("total_tokens", read + written))));
    }

    /// <summary>The text of a call's arguments, as models write it: a script that has a text says something that is none.</summary>
    private static string Arguments(JsonValue call) => call["arguments"] is { } arguments ? arguments.StringOrNull() ?? arguments.ToString() : "{}";

    private static double Estimate(JsonValue value) => Math.Ceiling(Encoding.UTF8.GetByteCount(value.ToString()) / 4d);

    private static JsonValue? Load(string model)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"samples/models/{model}.json");
        if (stream is null) return null;
        using var text = new MemoryStream();
        stream.CopyTo(text);
        return StrictJson.Parse(text.ToArray());
    }

    private static Task FailAsync(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        return JsonBody.WriteAsync(context, JsonValue.Object(("error", JsonValue.Object(("message", why), ("type", "invalid_request_error")))));
    }
}
