using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Callbacks;
using Interlock.Core.Registry;
using Interlock.Core.Storage;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// Effect ids for clients' calls: random, or derived from caller and <c>_meta["interlock/idempotencyKey"]</c>. A key stands for the tool and the arguments
/// it was first used with; for others it is refused (<c>key-reuse</c>) and recorded. Calls of agents elsewhere have ids of their own kind: the same call under one
/// call of the agent is the same effect, but for another key, or of a tool that only reads.
/// </summary>
internal sealed class CallKeys(ITableStore store, AuditLog audit, TimeProvider time)
{
    private const string Table = "callkeys";
    private const int MaxKey = 256;

    /// <summary>How long a key is kept; one under which a call was made stays as long as the call's outcome.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private readonly Expiries _expiries = new(store);

    /// <summary>The effect of a call, or why it has none; one drawn for this very call is new.</summary>
    public async Task<(EffectId Effect, bool IsNew, Problem? Refusal)> EffectAsync(McpCaller caller, RegistryEntry tool, JsonValue arguments, JsonValue? key, CancellationToken cancellationToken)
    {
        var under = caller.Site?.Under;
        if (key is null) return under is null || tool.As<ToolBody>().Settings.ReadOnly ? (Fresh(), true, null) : (OfAgent(under, tool.Name, arguments, ""), false, null);
        if (key.StringOrNull() is not { Length: > 0 and <= MaxKey } text)
            return (default, false, new Problem(ProblemTypes.Validation, 400, "The idempotency key is not valid", $"A key is a text of 1 to {MaxKey} characters.") { Stage = "admit", Rule = "invalid-key" });
        if (under is not null) return (OfAgent(under, tool.Name, arguments, text), false, null);
        var tenant = caller.Principal.Tenant;
        var effect = Derive(tenant.Value, caller.Principal.Subject, "", "", text);
        var digest = CanonicalJson.Digest(arguments);
        var body = JsonValue.Object(("tool", tool.Name), ("arguments", digest));
        var row = new RowKey(Keys.Join(tenant.Value, effect.Value), "key");
        var due = new Expiry(Table, row, time.GetUtcNow() + Kept) { While = Ledger.PlaceOf(tenant, caller.Chain.Starter.Subject, effect) };
        if (await store.GetAsync(Table, row, cancellationToken) is null)
        {
            await _expiries.NoteAsync(tenant, due, cancellationToken);
            if ((await store.InsertAsync(Table, row, body, cancellationToken)).Ok) return (effect, false, null);
        }
        if (await store.GetAsync(Table, row, cancellationToken) is { } seen && seen.Body == body) return (effect, false, null);
        var problem = new Problem(ProblemTypes.Conflict, 409, "The idempotency key was used for something else", "Use a new key for another tool or other arguments.") { Stage = "admit", Rule = "key-reuse" };
        await RecordAsync(caller, tool.Name, digest, effect, problem, cancellationToken);
        return (effect, false, problem);
    }

    /// <summary>An id that nobody guesses, for a call that is one of its own.</summary>
    public static EffectId Fresh()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return new(Convert.ToHexStringLower(bytes));
    }

    private async Task RecordAsync(McpCaller caller, string tool, string digest, EffectId effect, Problem problem, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var chain = AuditChain.ForPrincipal(caller.Principal.Tenant, caller.Chain.Starter.Subject, now);
        var id = $"refused:{effect}:key-reuse:{now.UtcTicks.ToString(CultureInfo.InvariantCulture)}";
        var record = RefusalRecord.Of(chain, id, now, problem.Stage, problem.Rule, null) with { Actors = [.. caller.Chain.Subjects], Target = tool, ArgumentsDigest = digest };
        await audit.AppendAsync(chain, [record], [], cancellationToken);
    }

    /// <summary>The agent's call, the tool, the arguments, and which occurrence of that it is.</summary>
    private static EffectId OfAgent(AgentCall under, string tool, JsonValue arguments, string occurrence) => Derive("agent", under.Effect.Value, tool, CanonicalJson.Digest(arguments), occurrence);

    /// <summary>From length-prefixed parts, so that no two lists of parts run together.</summary>
    private static EffectId Derive(params ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder("mcp-call");
        foreach (var part in parts) text.Append(CultureInfo.InvariantCulture, $"{part.Length}:{part}");
        return new(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16)));
    }
}
