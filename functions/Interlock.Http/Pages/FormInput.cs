using System.Text;
using Interlock.Http.Hosting;
using Interlock.Http.Sessions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Interlock.Http.Pages;

/// <summary>Reads what one of our own forms sent.</summary>
internal sealed class FormInput(FormGuard forms, Site site)
{
    private const int MaxForm = 64 * 1024;
    private const int MaxFields = 1024;

    /// <summary>
    /// The form's fields, each given once, after its origin and its token were checked; else the refusal has been written, and of one that is not our form's <paramref name="forged"/> was
    /// told the rule.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, string>?> ReadAsync(
        HttpContext context, string sessionId, string secret, bool isBound = true, int maxBytes = MaxForm, Func<string, Task>? forged = null)
    {
        if (!FormGuard.IsOwnOrigin(context.Request, site.Origin(context.Request)))
        {
            if (forged is not null) await forged("cross-site");
            await PageResult.RefuseAsync(context, 403, "cross-site", "The request comes from elsewhere", "Only this site's own forms count. Open the page here and send its form.");
            return null;
        }
        var (bytes, _, refusal) = await RequestBody.ReadAsync(context, maxBytes, "application/x-www-form-urlencoded");
        if (refusal is not null)
        {
            await ProblemResponse.WriteAsync(context, refusal);
            return null;
        }
        var fields = Fields(bytes, maxBytes);
        var action = context.Request.Path.Value ?? "";
        if (fields is null || !isBound || !forms.Holds(sessionId, secret, action, fields.GetValueOrDefault(FormGuard.Field)))
        {
            if (forged is not null) await forged("antiforgery");
            await PageResult.RefuseAsync(context, 403, "antiforgery", "The form has expired", "Open the page again and send its form; nothing was done.");
            return null;
        }
        return fields;
    }

    /// <summary>The fields of a form, or null when one is given twice or it is over a limit.</summary>
    internal static Dictionary<string, string>? Fields(byte[] bytes, int maxBytes)
    {
        try
        {
            using var reader = new FormReader(Encoding.UTF8.GetString(bytes)) { ValueCountLimit = MaxFields, KeyLengthLimit = 64, ValueLengthLimit = maxBytes };
            var form = reader.ReadForm();
            return form.Values.All(values => values.Count == 1) ? form.ToDictionary(field => field.Key, field => field.Value.ToString(), StringComparer.Ordinal) : null;
        }
        catch (InvalidDataException)
        {
            return null; // over a limit
        }
    }
}
