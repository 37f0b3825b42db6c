using Interlock.Core;
using Interlock.Core.Gateway;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Upstreams;

/// <summary>Learns over one connection what its server offers: tools, prompts, and by its capabilities what else can be asked of it.</summary>
/// <param name="connection">Where the server's capabilities and instructions are known from.</param>
/// <param name="list">Reads a list of the server to its end.</param>
internal sealed class McpDiscovery(McpConnection connection, Func<McpMethod, Task<JsonRpcReply>> list)
{
    private const long MaxPrompts = 256 * 1024;

    public async Task<DiscoveryResult> RunAsync()
    {
        var (capabilities, instructions) = (connection.Client.ServerCapabilities, connection.Client.ServerInstructions);
        var tools = new List<ToolContract>();
        if (HasTools(capabilities))
        {
            var reply = await list(McpMethod.ListTools);
            if (reply is not JsonRpcReply.Result { Value: var all }) return DiscoveryResult.Failed(UpstreamFailures.ProblemOf(reply));
            foreach (var raw in all["tools"]!.Items) // a list read to its end has its member
            {
                if (ToolContract.Read(raw, instructions) is not { } contract) return Unreadable("A tool has no name or no input schema.");
                if (tools.Exists(tool => tool.Name == contract.Name)) return Unreadable($"The tool {contract.Name} is listed twice.");
                tools.Add(contract);
            }
        }
        if (capabilities.Prompts is null) return new(tools, instructions, null) { Operations = McpOperations.Of(capabilities, [], instructions) };

        var listed = await list(McpMethod.ListPrompts);
        if (listed is not JsonRpcReply.Result { Value: var prompts }) return DiscoveryResult.Failed(UpstreamFailures.ProblemOf(listed));
        var items = prompts["prompts"]!.Items; // as above
        if (prompts.Size > MaxPrompts) return Unreadable($"Its prompts have more than {MaxPrompts} characters.");
        if (McpOperations.Flaw(items) is { } flaw) return Unreadable(flaw);
        return new(tools, instructions, null) { Operations = McpOperations.Of(capabilities, items, instructions) };
    }

    /// <summary>Servers were seen that declare nothing and have tools; one that declares others and no tools has none.</summary>
    private static bool HasTools(ServerCapabilities capabilities) => capabilities.Tools is not null || capabilities is { Prompts: null, Resources: null };

    private static DiscoveryResult Unreadable(string why) =>
        DiscoveryResult.Failed(new(ProblemTypes.Communication, 502, "What the server offers cannot be read", why));
}
