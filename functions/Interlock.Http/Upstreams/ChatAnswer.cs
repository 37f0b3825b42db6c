using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>
/// Reads a chat completion as one turn of a model. Whatever it says, it was answered and its tokens count: what can't be read as a turn completes as an error. Of
/// several choices the first is read.
/// </summary>
internal static class ChatAnswer
{
    private const int MaxCalls = 128;
    private const int MaxName = 256;
    private const double MaxTokens = 1e9;

    public static UpstreamResult Read(byte[] body, UpstreamCall call)
    {
        JsonValue answer;
        try
        {
            answer = StrictJson.Parse(body);
        }
        catch (NotIJsonException e)
        {
            return Unreadable($"It is not I-JSON at \"{e.Pointer}\": {e.Message}", new ModelUse(call.Tool, Estimated(call, body.Length)), "not-i-json");
        }
        var use = new ModelUse(answer["model"]?.StringOrNull() is { Length: > 0 and <= MaxName } model ? model : call.Tool, Counted(answer["usage"]) ?? Estimated(call, body.Length));
        if (answer["choices"] is not { IsArray: true, Count: > 0 } choices) return Unreadable("It has no choices.", use);
        var (choice, message) = (choices.Items[0], choices.Items[0]["message"]);
        if (message is not { IsObject: true }) return Unreadable("Its first choice has no message.", use);
        var (calls, flaw) = Calls(message["tool_calls"]);
        if (flaw is not null) return Unreadable(flaw, use);
        if (Text(message["content"]) is not { } text) return Unreadable("The message's content is neither text nor parts of text.", use);
        var refusal = message["refusal"]?.StringOrNull();
        var turn = new ModelAnswer(text.Length == 0 && refusal is not null ? refusal : text, calls, Finish(choice["finish_reason"]?.StringOrNull(), calls, refusal), use.Model, use.Tokens).ToJson();
        return CanonicalJson.Serialize(turn).Length > ChatTurn.MaxBytes
            ? Unreadable($"It has more than {ChatTurn.MaxBytes / 1024} KiB; bound what the model may write by maxOutputTokens.", use, "response-limit")
            : new UpstreamResult.Completed(turn, IsError: false) { Use = use };
    }

    /// <summary>Absent content is none; of parts those of text count, others (sound, pictures) say nothing to a run.</summary>
    private static string? Text(JsonValue? content) => content switch
    {
        null or { IsNull: true } => "",
        { IsString: true } => content.AsString(),
        { IsArray: true } when content.Items.All(part => part.IsObject) => string.Concat(content.Items.Where(part => part["type"]?.StringOrNull() == "text").Select(part => part["text"]?.StringOrNull() ?? "")),
        _ => null,
    };

    /// <summary>The calls of functions. An id tells whose result is whose, so each is there once; other kinds of calls nobody could make.</summary>
    private static (ImmutableArray<ModelCall> Calls, string? Flaw) Calls(JsonValue? list)
    {
        if (list is null or { IsNull: true }) return ([], null);
        if (!list.IsArray) return ([], "Its tool_calls are no array.");
        if (list.Count > MaxCalls) return ([], $"It wants more than {MaxCalls} calls at once.");
        var (calls, ids) = (ImmutableArray.CreateBuilder<ModelCall>(list.Count), new HashSet<string>(StringComparer.Ordinal));
        foreach (var wanted in list.Items)
        {
            if ((wanted["type"]?.StringOrNull() ?? "function") != "function" || wanted["function"] is not { IsObject: true } function) return ([], "It wants a call that is none of a function.");
            if (wanted["id"]?.StringOrNull() is not { Length: > 0 and <= MaxName } id || function["name"]?.StringOrNull() is not { Length: > 0 and <= MaxName } name) return ([], "It wants a call without an id or a name, or with one that is too long.");
            if (!ids.Add(id)) return ([], "It gives two calls the same id.");
            if (Arguments(function["arguments"]) is not { } arguments) return ([], "It wants a call whose arguments are no text.");
            calls.Add(new ModelCall(id, name, arguments));
        }
        return (calls.ToImmutable(), null);
    }

    /// <summary>Text that should be JSON; some servers leave it out where there are none, or write the object itself.</summary>
    private static string? Arguments(JsonValue? arguments) => arguments switch
    {
        null or { IsNull: true } => "{}",
        { IsString: true } => arguments.AsString(),
        { IsObject: true } => arguments.ToString(),
        _ => null,
    };

    private static string Finish(string? reason, ImmutableArray<ModelCall> calls, string? refusal) => reason switch
    {
        "length" => "length",
        "content_filter" => "filter",
        _ when !calls.IsEmpty => "calls",
        _ when refusal is { Length: > 0 } => "filter",
        _ => "stop",
    };

    private static TokenCount? Counted(JsonValue? usage) =>
        Count(usage?["prompt_tokens"]) is > 0 and var input && Count(usage?["completion_tokens"]) is { } output ? new TokenCount(input, output) : null;

    private static long? Count(JsonValue? tokens) => tokens is { IsNumber: true } && tokens.AsNumber() is >= 0 and <= MaxTokens and var count && Math.Floor(count) == count ? (long)count : null;

    /// <summary>By size, where the endpoint does not say or says what can't be: never nothing.</summary>
    private static TokenCount Estimated(UpstreamCall call, int answered) => new(TokenEstimate.Of(call.Arguments.Length), TokenEstimate.Of(answered));

    private static UpstreamResult.Completed Unreadable(string why, ModelUse use, string? rule = null) => new(JsonValue.Null, IsError: true)
    {
        Problem = new Problem(ProblemTypes.Communication, 502, "The model's answer makes no sense", why) { Rule = rule },
        Use = use,
    };
}
