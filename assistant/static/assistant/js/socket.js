// The one socket of a ticket page, for whoever on it has something to say or to hear.
import { TicketSocket } from "./ticket_socket.js";

export const socket = new TicketSocket(document.getElementById("composer"));
