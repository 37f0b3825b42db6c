using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Agents;

/// <summary>
/// One turn of a model: what it says and what it wants called. As the output of a call of a chat agent it is
/// <c>{ text, calls: [ { id, name, arguments } ], finish, model, tokens: { input, output } }</c>; arguments are the text that the model wrote, which need not be JSON.
/// </summary>
/// <param name="Text">What it says; empty when it only calls.</param>
/// <param name="Calls">What it wants called, in order.</param>
/// <param name="Finish">Why it stopped: <c>stop</c>, <c>calls</c>, <c>length</c> or <c>filter</c>.</param>
/// <param name="Model">The model that answered, as its endpoint names it.</param>
/// <param name="Tokens">As the endpoint counted them, or as estimated where it does not.</param>
public sealed record ModelAnswer(string Text, ImmutableArray<ModelCall> Calls, string Finish, string Model, TokenCount Tokens)
{
    public JsonValue ToJson() => JsonValue.Object(
        ("text", Text),
        ("calls", JsonValue.Array(Calls.Select(call => JsonValue.Object(("id", call.Id), ("name", call.Name), ("arguments", call.Arguments))))),
        ("finish", Finish), ("model", Model),
        ("tokens", JsonValue.Object(("input", Tokens.Input), ("output", Tokens.Output))));

    /// <exception cref="FormatException">It is not one.</exception>
    public static ModelAnswer Read(JsonValue value)
    {
        if (value["text"]?.StringOrNull() is not { } text || value["calls"] is not { IsArray: true } calls || value["finish"]?.StringOrNull() is not { } finish
            || value["model"]?.StringOrNull() is not { } model || Count(value, "input") is not { } input || Count(value, "output") is not { } output)
            throw new FormatException("The output of the chat agent is no turn of a model.");
        return new(text, [.. calls.Items.Select(Call)], finish, model, new(input, output));
    }

    private static ModelCall Call(JsonValue call) =>
        call["id"]?.StringOrNull() is { } id && call["name"]?.StringOrNull() is { } name && call["arguments"]?.StringOrNull() is { } arguments
            ? new(id, name, arguments)
            : throw new FormatException("What the model wants called has no id, name or arguments.");

    private static long? Count(JsonValue value, string name) => value["tokens"]?[name] is { IsNumber: true } number && number.AsNumber() is >= 0 and < 1e15 and var count ? (long)count : null;
}

/// <summary>A call that a model wants: its own id for it, a shown name, and arguments as it wrote them.</summary>
public sealed record ModelCall(string Id, string Name, string Arguments);
