using System.Globalization;
using Interlock.Core.Approvals;
using Interlock.Json;

namespace Interlock.Core.Gateway.Resilience;

/// <summary>
/// The last good answers of read-only tools whose operator lets them stand in while no address takes calls: for the same actors, contract, registration and
/// arguments only, for an hour, at most 1,000 of up to 64 KiB in this process's memory, the oldest going first.
/// </summary>
internal sealed class AnswerCache(TimeProvider time)
{
    public const string MetaName = "interlock/cachedAt";

    private const int MaxAnswers = 1000;
    private const int MaxBytes = 64 * 1024;
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<AnswerKey, LinkedListNode<(AnswerKey Key, EarlierAnswer Answer)>> _answers = [];
    private readonly LinkedList<(AnswerKey Key, EarlierAnswer Answer)> _byAge = [];

    public void Keep(AnswerKey key, GatewayResult.Completed completed)
    {
        if (completed.Output.Size + (completed.Result?.Size ?? 0) > MaxBytes) return;
        lock (_lock)
        {
            Remove(key);
            if (_answers.Count == MaxAnswers) Remove(_byAge.First!.Value.Key); // there are that many
            _answers.Add(key, _byAge.AddLast((key, new(completed, time.GetUtcNow()))));
        }
    }

    public EarlierAnswer? Find(AnswerKey key)
    {
        lock (_lock)
        {
            if (!_answers.TryGetValue(key, out var found)) return null;
            if (time.GetUtcNow() - found.Value.Answer.At <= Life) return found.Value.Answer;
            Remove(key);
            return null;
        }
    }

    private void Remove(AnswerKey key)
    {
        if (!_answers.Remove(key, out var node)) return;
        _byAge.Remove(node);
    }
}

/// <summary>Whose answer it is, of what, to what.</summary>
internal sealed record AnswerKey(TenantId Tenant, string Actors, BoundTarget Target, string ArgumentsDigest)
{
    /// <summary>The key of a call's answer where the operator lets it be used again; what needs an approval is never answered without one.</summary>
    public static AnswerKey? Of(AuthorizedCall authorized) =>
        authorized is { Gate: null, Routed.Contract.Tool: { ReadOnly: true, WhenUnavailable: Registry.WhenUnavailable.Cached } }
            ? new(authorized.Call.Tenant, string.Join('\n', authorized.Call.Chain.Subjects), authorized.Routed.Target, authorized.Frozen.Digest)
            : null;
}

/// <summary>An answer, and when it was got.</summary>
internal sealed record EarlierAnswer(GatewayResult.Completed Completed, DateTimeOffset At)
{
    public string Digest => CanonicalJson.Digest(Completed.Output);

    /// <summary>The answer with the time it is of, in the <c>_meta</c> of its result.</summary>
    public GatewayResult.Completed Marked()
    {
        var result = Completed.Result ?? Whole(Completed.Output);
        var meta = result["_meta"] is { IsObject: true } own ? own : JsonValue.EmptyObject;
        return Completed with { Result = result.With("_meta", meta.With(AnswerCache.MetaName, At.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture))) };
    }

    private static JsonValue Whole(JsonValue output)
    {
        var content = output.IsArray ? output : JsonValue.Array([JsonValue.Object(("type", "text"), ("text", output.StringOrNull() ?? output.ToString()))]);
        return output.IsObject ? JsonValue.Object(("content", content), ("structuredContent", output)) : JsonValue.Object(("content", content));
    }
}
