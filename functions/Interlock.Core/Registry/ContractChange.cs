using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Core.Registry;

/// <summary>Says which parts of a tool's contract are others than those registered, in words that are none of the server's.</summary>
internal static class ContractChange
{
    private static readonly string[] _parts = ["title", "description", "inputSchema", "outputSchema", "annotations", "icons", "execution", "prompts", "_meta"];

    /// <param name="registered">The contract as registered.</param>
    /// <param name="shown">The contract under the tool's name as the server shows it now.</param>
    /// <param name="instructions">The server's instructions now.</param>
    public static string Describe(ToolBody registered, ToolContract shown, string? instructions)
    {
        var (before, after) = (registered.Contract, shown.Raw);
        var changed = _parts.Where(part => before[part] != after[part]).ToList();
        if (Others(before) != Others(after)) changed.Add("other members");
        if (ToolContract.Compute(before, instructions) != registered.ContractDigest) changed.Add("the server's instructions");
        return string.Join(", ", changed);
    }

    private static JsonValue Others(JsonValue contract) => JsonValue.Object(contract.Members.Where(member => !_parts.Contains(member.Key)));
}
