using System.Collections.Immutable;
using Interlock.Core.Agents;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Registry.Pools;

/// <summary>
/// What a pool's members are called, said to do and take. A tool's words are its approved contract's, an agent's and a workflow's are the operator's and the
/// author's. An agent without a schema of its own takes a task in words; what a workflow takes is its input (<see cref="WorkflowInput"/>).
/// </summary>
public sealed class PoolReader(WorkflowCatalog catalog)
{
    /// <summary>As much of a description as OpenAI-compatible endpoints take.</summary>
    private const int MaxDescription = 1023;

    private static readonly JsonValue TaskSchema = StrictJson.Parse("""
        { "type": "object", "required": ["task"], "additionalProperties": false, "properties": {
          "task": { "type": "string", "minLength": 1, "description": "What it is asked to do, with all that it needs to know." } } }
        """);

    /// <summary>The pool of a request in one registry. Says nothing of who may use it.</summary>
    public Task<ResolvedPool> ReadAsync(PoolRequest request, RegistrySnapshot registry, CancellationToken cancellationToken = default) =>
        ReadAsync(registry.Tenant, PoolResolver.Resolve(request, registry), cancellationToken);

    /// <summary>The same of choices that were made.</summary>
    public async Task<ResolvedPool> ReadAsync(TenantId tenant, PoolChoices choices, CancellationToken cancellationToken = default)
    {
        var (members, excluded) = (ImmutableArray.CreateBuilder<PoolMember>(), choices.Excluded.ToBuilder());
        foreach (var choice in choices.Chosen)
        {
            try
            {
                members.Add(choice.Kind switch
                {
                    PoolKind.Tool => Tool(choice, choice.Entry.As<ToolBody>()),
                    PoolKind.Agent => Agent(choice, choice.Entry.As<AgentBody>()),
                    _ => await WorkflowAsync(tenant, choice, choice.Entry.As<WorkflowBody>(), cancellationToken),
                });
            }
            catch (InvalidDataException)
            {
                excluded.Add(new(choice.Target, "its document can't be read any more; publish it anew"));
            }
        }
        return new(members.ToImmutable(), excluded.ToImmutable());
    }

    private static PoolMember Tool(PoolChoice choice, ToolBody body) =>
        Member(choice, ToolNames.Name(choice.Target), body.ContractDigest, body.Contract["description"]?.StringOrNull(), body.InputSchema) with { Cost = QuotaSet.CostOf(body.Settings) };

    /// <summary>An agent goes by its own name: without a double underscore, it is no tool's and no workflow's.</summary>
    private static PoolMember Agent(PoolChoice choice, AgentBody body) =>
        Member(choice, choice.Target, body.CardDigest, body.Settings.Description, choice.Tool?.As<ToolBody>().InputSchema ?? body.InputSchema ?? TaskSchema);

    private async Task<PoolMember> WorkflowAsync(TenantId tenant, PoolChoice choice, WorkflowBody body, CancellationToken cancellationToken)
    {
        var document = (await catalog.LoadAsync(tenant, body.DocumentDigest, cancellationToken)).Document;
        var (input, about) = (WorkflowInput.Of(document), document["document"]);
        var said = string.Join(": ", new[] { about?["title"]?.StringOrNull(), about?["summary"]?.StringOrNull() }.OfType<string>());
        return Member(choice, ToolNames.WorkflowName(choice.Target), body.DocumentDigest, said, input.Schema) with { IsWrapped = input.IsWrapped };
    }

    private static PoolMember Member(PoolChoice choice, string name, string digest, string? description, JsonValue schema) => new(
        name, choice.Kind, choice.Target, choice.Entry.Version, digest,
        string.IsNullOrEmpty(description) ? $"The {choice.Kind.ToString().ToLowerInvariant()} {choice.Target}." : Excerpt.Of(description, MaxDescription), schema);
}
